"""Runs in an object store: a server of S3 on this machine, and the store of fsspec in memory."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from scale_cases import assert_same, dissect
from test_skeleton import COUNT, Brightness, MeanBrightness, measure
from tiny import assert_same_run, dissect_words, draw, run_cli

import unitscope as us
from unitscope.errors import UnitscopeError
from unitscope.experiments import skeleton
from unitscope.experiments.pieces import small_pieces
from unitscope.progress import showing
from unitscope.run import hold, mirror
from unitscope.run.address import address_of, local_path, run_path
from unitscope.run.mirror import fetched, helping, mirror_of, this_machine
from unitscope.run.store import Store

pytest.importorskip("s3fs")
moto = pytest.importorskip("moto.server")


@pytest.fixture(scope="module")
def server():
    """A server of S3; the address that it answers at."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    _, port = running.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    running.stop()


@pytest.fixture
def environment(server, monkeypatch, tmp_path):
    import s3fs

    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "UNITSCOPE_CACHE": str(tmp_path / "here"),
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    yield monkeypatch
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture(params=["s3", "memory"])
def place(request, environment) -> str:
    """An address where nothing is yet."""
    bucket = f"bucket-{uuid.uuid4().hex[:8]}"
    if request.param == "s3":
        import s3fs

        s3fs.S3FileSystem().mkdir(bucket)
    return f"{request.param}://{bucket}/runs/one"


@pytest.fixture
def elsewhere(tmp_path, environment):
    """Go on as on another machine, whose cache is another one."""
    return lambda name="elsewhere": environment.setenv("UNITSCOPE_CACHE", str(tmp_path / name))


@pytest.fixture
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (COUNT, 3, 3)).astype(np.float64)


def brightness(pictures, place, **more):
    return skeleton.run(MeanBrightness(pictures, **more), Brightness, run_path(place))


class Killed(BaseException):
    """Stands for the end of a process: nobody catches it."""


@contextmanager
def no_goodbye(monkeypatch):
    """Let whoever stops meanwhile leave its lock as it is, as one that is killed does."""
    with monkeypatch.context() as patched:
        write = Store.write

        def dead(store, name, content):
            if json.loads(content or b"{}").get("free") is None:
                write(store, name, content)

        patched.setattr(Store, "write", dead)
        yield


def stopping(after: int):
    done = []

    def work(pictures, scale, piece):
        if len(done) == after:
            raise Killed
        done.append(piece.number)
        return measure(pictures, scale, piece)

    return work


def test_addresses_stand_for_folders_of_the_cache(environment, tmp_path):
    stores = tmp_path / "here" / "stores"
    for given in ("s3://bucket/a/run", Path("s3://bucket/a/run"), "s3a://bucket/a/run/"):
        assert run_path(given) == stores / "s3" / "bucket" / "a" / "run"
        assert address_of(run_path(given)) == "s3://bucket/a/run"
    assert run_path(f"file://{tmp_path}/run") == tmp_path / "run"
    assert run_path(Path(f"file://{tmp_path}/run")) == tmp_path / "run"
    assert run_path("runs:1/one") == Path("runs:1/one")
    assert address_of(tmp_path / "run") is None
    assert mirror_of(tmp_path / "run") is None
    for given, said in (
        ("ftp://host/run", "ftp://host/run is an address that a run cannot be kept at"),
        ("s3://bucket", "s3://bucket names no place of a run"),
        ("s3://bucket/../other", "names no place of a run"),
    ):
        with pytest.raises(UnitscopeError, match=said):
            run_path(given)


def test_a_dissection_in_a_store_is_the_one_in_a_folder(place, elsewhere, tmp_path):
    with small_pieces(10):
        dissect(tmp_path / "local")
        dissect(run_path(place))
    assert_same(tmp_path / "local", run_path(place))
    elsewhere()
    found = us.open_run(place)
    assert found.path.is_relative_to(tmp_path / "elsewhere")
    assert len(found.units) == 4
    for refused in (lambda: found.unit("other", 0), lambda: found.table("other")):
        with pytest.raises(UnitscopeError, match=place):
            refused()
    assert us.verify(place)[0].damaged == ()
    assert_same(tmp_path / "local", found.path)


def test_a_killed_run_goes_on_on_another_machine(place, elsewhere, tmp_path, monkeypatch, pictures, capsys):
    with no_goodbye(monkeypatch), pytest.raises(Killed):
        brightness(pictures, place, measure=stopping(2))
    elsewhere()
    with pytest.raises(UnitscopeError, match=r"another process is working on .*heard of . s ago"):
        brightness(pictures, place)
    monkeypatch.setattr(hold, "DEAD_SECONDS", 0.0)
    again = []

    def counting(pictures, scale, piece):
        again.append(piece.number)
        return measure(pictures, scale, piece)

    with showing(True):
        found = brightness(pictures, place, measure=counting)
    assert again == [2]
    assert "is dead, it was heard of" in capsys.readouterr().err
    assert np.array_equal(found.table("means")["mean"], pictures.mean((1, 2)))


def test_on_the_machine_of_a_killed_run_nobody_waits(place, monkeypatch, pictures, capsys):
    with no_goodbye(monkeypatch), pytest.raises(Killed):
        brightness(pictures, place, measure=stopping(1))
    with showing(True):
        assert brightness(pictures, place).complete
    assert "is dead" in capsys.readouterr().err


def test_two_machines_cannot_write_one_run(place, elsewhere, pictures):
    refused = []

    def meanwhile(pictures, scale, piece):
        if not refused:
            elsewhere()
            with pytest.raises(UnitscopeError) as error:
                brightness(pictures, place)
            refused.append(str(error.value))
            elsewhere("here")
            with pytest.raises(UnitscopeError, match=f"another process is working on {place}; wait"):
                brightness(pictures, place)
        return measure(pictures, scale, piece)

    assert brightness(pictures, place, measure=meanwhile).complete
    assert refused[0].startswith(f"another process is working on {place} (process ")


def test_one_that_was_taken_over_stops_before_it_commits(place, elsewhere, pictures, monkeypatch):
    def asleep(pictures, scale, piece):
        if piece.number == 1:
            elsewhere()
            monkeypatch.setattr(hold, "DEAD_SECONDS", 0.0)
            assert brightness(pictures, place).complete
            elsewhere("here")
        return measure(pictures, scale, piece)

    with pytest.raises(UnitscopeError, match=f"another process has taken over {place}"):
        brightness(pictures, place, measure=asleep)
    assert fetched(place) == run_path(place)
    assert Brightness.open(place).complete


def test_of_many_that_start_at_once_one_works(place, environment):
    store, got, lost, gate = Store(place), [], [], threading.Barrier(4)

    def start(number):
        gate.wait()
        try:
            with hold.holding(Store(place), f"machine {number}"):
                got.append(number)
                time.sleep(1)
        except UnitscopeError as error:
            lost.append(str(error))

    threads = [threading.Thread(target=start, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(got) == 1
    assert len(lost) == 3
    assert all(said.startswith(f"another process is working on {place} (") for said in lost)
    with hold.holding(store, "later") as held:
        assert held.number == 2
    assert list(store.names(hold.FOLDER)) == [f"{hold.FOLDER}/00000002"]


def test_an_owner_that_is_heard_of_is_alive(place, environment, monkeypatch):
    monkeypatch.setattr(hold, "BEAT_SECONDS", 0.2)
    monkeypatch.setattr(hold, "DEAD_SECONDS", 2.5)
    with hold.holding(Store(place), "one"):
        time.sleep(4)
        with pytest.raises(UnitscopeError, match=r"heard of [01] s ago"), hold.holding(Store(place), "two"):
            pass


def test_killed_at_any_step_it_goes_on(environment, elsewhere, pictures):
    """Each put and each deletion is the last thing that a process does, in turn."""
    place = f"memory://{uuid.uuid4().hex}/run"
    environment.setattr(hold, "DEAD_SECONDS", -1.0)
    put = Store.put
    for step in range(100):
        left = [step]

        def dying(store, file, name, left=left):
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            put(store, file, name)

        with environment.context() as patched:
            patched.setattr(Store, "put", dying)
            elsewhere(f"machine-{step}")
            try:
                whole = brightness(pictures, f"{place}-{step}")
            except Killed:
                whole = None
        if whole is not None:
            break
        elsewhere(f"reader-{step}")
        with pytest.raises(UnitscopeError, match=r"is no run folder|is not finished"):
            Brightness.open(f"{place}-{step}")
        found = brightness(pictures, f"{place}-{step}")
        assert np.array_equal(found.table("means")["mean"], pictures.mean((1, 2)))
    assert step >= 5


def test_what_is_gone_or_changed_in_the_store_is_made_again(place, elsewhere, pictures):
    brightness(pictures, place)
    store = Store(place)
    store.write("tables/means.parquet", b"half")
    store.remove(["shards/00001.safetensors"])
    with pytest.raises(UnitscopeError, match=r"means\.parquet is damaged"):
        Brightness.open(place).table("means")
    elsewhere()
    found = brightness(pictures, place)
    assert np.array_equal(found.table("means")["mean"], pictures.mean((1, 2)))
    assert store.names().keys() >= {"tables/means.parquet", "shards/00001.safetensors"}


def names_got(monkeypatch) -> list[str]:
    """The names of what is got from stores from now on, as they are got."""
    got, get = [], Store.get

    def noted(store, name, file):
        got.append(name)
        get(store, name, file)

    monkeypatch.setattr(Store, "get", noted)
    return got


def test_nothing_that_is_the_same_travels_again(place, elsewhere, pictures, monkeypatch):
    brightness(pictures, place)
    got = names_got(monkeypatch)
    Brightness.open(place)
    assert got == []
    elsewhere()
    Brightness.open(place)
    assert sorted(got) == [
        *(f"shards/{number:05d}.safetensors" for number in range(3)),
        "tables/means.parquet",
    ]
    got.clear()
    Brightness.open(place)
    assert got == []


def test_kept_cells_come_when_they_are_asked_for(place, elsewhere, monkeypatch):
    dissect(run_path(place))
    mask = us.open_run(place).unit("conv", 0).mask(0)
    cells = [name for name in Store(place).names() if name.startswith("cache/")]
    assert cells
    got = names_got(monkeypatch)
    elsewhere()
    again = us.open_run(place)
    assert "tables/units.parquet" in got
    assert not set(got) & set(cells)
    got.clear()
    assert np.array_equal(again.unit("conv", 0).mask(0), mask)
    assert np.array_equal(us.open_run(place).unit("conv", 0).mask(0), mask)
    assert sorted(got) == sorted(cells)
    Store(place).write(cells[0], b"other")
    us.open_run(place)
    assert not (again.path / cells[0]).exists()
    elsewhere("third")
    us.open_run(place).drop_cache()
    assert not [name for name in Store(place).names() if name.startswith("cache/")]


def test_who_opens_a_run_that_is_being_fetched_waits_for_it(place, elsewhere, pictures, monkeypatch):
    brightness(pictures, place)
    elsewhere()
    begun, told, go_on, found, said = *(threading.Event() for _ in range(3)), [], []
    get = Store.get

    def slow(store, name, file):
        begun.set()
        assert go_on.wait(20)
        get(store, name, file)

    monkeypatch.setattr(Store, "get", slow)
    monkeypatch.setattr(mirror, "say", lambda line: (said.append(line), told.set()))
    readers = [threading.Thread(target=lambda: found.append(Brightness.open(place))) for _ in range(2)]
    readers[0].start()
    assert begun.wait(20)
    readers[1].start()
    assert told.wait(20)
    assert said == [f"waiting for another process, which fetches {place}"]
    assert not found
    go_on.set()
    for reader in readers:
        reader.join(20)
    assert [each.table("means")["mean"].tolist() for each in found] == [pictures.mean((1, 2)).tolist()] * 2


def test_what_is_no_run_is_refused_and_not_fetched(place, environment, pictures, tmp_path):
    store = Store(place)
    store.write("huge.bin", b"x")
    with pytest.raises(UnitscopeError, match=f"{place} is not empty and holds no run .it has 'huge.bin'"):
        brightness(pictures, place)
    with pytest.raises(UnitscopeError, match="is no run folder"):
        us.open_run(place)
    assert not list((tmp_path / "here").rglob("huge.bin"))
    assert list(store.names()) == ["huge.bin"]


def test_runs_below_what_is_no_run_are_not_fetched(place, environment, pictures, tmp_path, elsewhere):
    brightness(pictures, place)
    elsewhere()
    with pytest.raises(UnitscopeError, match=f"{place.removesuffix('/one')} is no run folder"):
        us.open_run(place.removesuffix("/one"))
    assert not list((tmp_path / "elsewhere").rglob("*.parquet"))


def test_only_runs_are_kept_at_addresses(environment, tmp_path):
    with pytest.raises(UnitscopeError, match="s3://bucket/x is an address, and runs alone are kept"):
        us.import_run(tmp_path, out="s3://bucket/x")
    assert local_path(tmp_path) == tmp_path


def test_a_run_beside_is_another_one(place, environment, pictures):
    brightness(pictures, place)
    brightness(pictures, f"{place}-2", scale=2.0)
    assert len(Store(place).names()) == len(Store(f"{place}-2").names())
    with pytest.raises(UnitscopeError, match=f"{place} holds a run with another configuration .scale: 1"):
        brightness(pictures, place, scale=2.0)


def refused(place, pictures, said):
    begun = []
    with pytest.raises(UnitscopeError, match=said) as error:
        brightness(pictures, place, measure=lambda *given: begun.append(given))
    assert not begun
    assert "\n" not in str(error.value)


def test_a_store_that_refuses_ends_in_one_line(environment, pictures, server):
    refused("s3://no-such-bucket-here/run", pictures, "s3://no-such-bucket-here/run")
    environment.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    environment.setattr(s3fs.S3FileSystem, "retries", 1)
    refused("s3://bucket/run", pictures, "the store of s3://bucket/run cannot be used .*Could not connect")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        environment.delenv(name)
    s3fs.S3FileSystem.clear_instance_cache()
    refused("s3://bucket/run", pictures, "credentials")


class Forbids(BaseHTTPRequestHandler):
    """A server of S3 that knows nobody."""

    code = "InvalidAccessKeyId"

    def do_GET(self):
        content = f"<Error><Code>{self.code}</Code><Message>Not for you</Message></Error>".encode()
        self.send_response(403)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def do_HEAD(self):
        self.do_GET()

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("code", ["InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied"])
def test_wrong_credentials_and_forbidden_are_told(environment, pictures, code):
    environment.setattr(Forbids, "code", code)
    with ThreadingHTTPServer(("127.0.0.1", 0), Forbids) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        refused("s3://bucket/run", pictures, r"the store refuses s3://bucket/run \(PermissionError: ")
        with pytest.raises(UnitscopeError, match="the store refuses s3://bucket/run"):
            us.open_run("s3://bucket/run")
        server.shutdown()


def test_a_store_without_conditions_is_refused(environment, pictures):
    def heedless(store, name, content):
        store.write(name, content)
        return True

    place = f"memory://{uuid.uuid4().hex}/run"
    environment.setattr(Store, "create", heedless)
    refused(place, pictures, "cannot keep two processes apart")
    assert not Store(place).names()


def test_a_missing_library_is_named(environment, pictures):
    def missing(*_, **__):
        raise ImportError("Install s3fs to access S3")

    environment.setattr("fsspec.core.url_to_fs", missing)
    refused(
        "s3://bucket/run", pictures, r"needs s3fs, which is not installed; pip install 'unitscope\[store\]'"
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("store") / "data", 12)


def bucket(name="") -> str:
    import s3fs

    found = name or f"bucket-{uuid.uuid4().hex[:8]}"
    s3fs.S3FileSystem().mkdir(found)
    return found


def test_commands_take_addresses(environment, elsewhere, data, tmp_path, capsys):
    place = f"s3://{bucket()}/run"
    assert run_cli(environment, *dissect_words(data, tmp_path / "local")) == 0
    words = dissect_words(data, Path("out"))
    words[words.index("--out") + 1] = place
    capsys.readouterr()
    assert run_cli(environment, *words) == 0
    said = capsys.readouterr().out
    assert f"counts; in {place}" in said
    assert f"unitscope report {place}" in said
    assert_same_run(tmp_path / "local", run_path(place))
    elsewhere()
    assert run_cli(environment, "units", place) == 0
    assert "conv1" in capsys.readouterr().out
    assert run_cli(environment, "report", place) == 0
    capsys.readouterr()
    store = Store(place)
    assert "report/index.html" in store.names()
    assert run_cli(environment, "verify", place) == 0
    assert f"{place}: dissection, " in capsys.readouterr().out
    assert run_cli(environment, "export", place, "--to", "parquet", "--out", str(tmp_path / "export")) == 0
    elsewhere("third")
    run = us.open_run(place)
    assert run.page.is_file()
    assert run.unit("conv1", 0).mask(0).any()
    run.drop_cache()
    assert not any(name.startswith("cache/") for name in store.names())


def test_questions_about_a_run_are_put_beside_it(environment, elsewhere, data, tmp_path, capsys):
    place = f"s3://{bucket()}/run"
    words = dissect_words(data, Path("out"))
    words[words.index("--out") + 1] = place
    assert run_cli(environment, *words) == 0
    elsewhere()
    classify = ["classify-unit", place, "--layer", "conv1", "--unit", "0", "--images", str(data / "pictures")]
    more = [
        "--masks",
        str(data / "masks"),
        "--labels",
        str(data / "labels.txt"),
        "--concept",
        "dot",
        "--min-area",
        "0.01",
    ]
    code = run_cli(environment, *classify, *more)
    assert code == 0, capsys.readouterr().err
    elsewhere("third")
    store = Store(place)
    names = store.names()
    assert any(name.startswith("classify/") and name.endswith("/manifest.json") for name in names)
    assert any(fetched(place).glob("classify/*/manifest.json"))
    store.remove(name for name in names if name.startswith("classify/"))
    assert not any(fetched(place).glob("classify/*/manifest.json"))


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_a_run_that_goes_on(environment, elsewhere, data, tmp_path):
    place = f"s3://{bucket()}/run"
    words = dissect_words(data, tmp_path / "local")
    code = "import sys; from unitscope.experiments.pieces import small_pieces\n"
    code += "from unitscope.cli import main\nsys.argv = ['unitscope', *sys.argv[1:]]\n"
    code += "with small_pieces(4): main()"
    with small_pieces(4):
        assert run_cli(environment, *words) == 0
    words[words.index("--out") + 1] = place
    slow = {**os.environ, "NET_SECONDS": "0.5", "UNITSCOPE_CACHE": str(tmp_path / "killed")}
    process = subprocess.Popen([sys.executable, "-c", code, *words], env=slow)
    store = Store(place)
    while "shards/00000.safetensors" not in store.names() and process.poll() is None:
        time.sleep(0.1)
    process.kill()
    process.wait()
    assert "tables/units.parquet" not in store.names()
    environment.setattr(hold, "DEAD_SECONDS", 0.0)
    with small_pieces(4):
        assert run_cli(environment, *words) == 0
    assert_same_run(tmp_path / "local", run_path(place))


def test_what_helpers_on_other_machines_make_comes_to_the_run(place, elsewhere, pictures):
    driver = this_machine()
    assert helping(run_path(place), driver) is None
    made = run_path(place) / "cache" / "00001.safetensors"

    def helped(pictures, scale, piece):
        if piece.number == 1:
            elsewhere()
            worker = helping(run_path(place), driver)
            assert (run_path(place) / "shards" / "00000.safetensors").is_file()
            (run_path(place) / "cache" / made.name).write_bytes(b"cells")
            (run_path(place) / "shards" / "00009.safetensors").write_bytes(b"not a worker's to put")
            worker.give()
            elsewhere("here")
            assert not made.exists()
        return measure(pictures, scale, piece)

    class Ends(MeanBrightness):
        def outcome(self, job):
            assert made.read_bytes() == b"cells"
            return super().outcome(job)

    assert skeleton.run(Ends(pictures, measure=helped), Brightness, run_path(place)).complete
    assert "shards/00009.safetensors" not in Store(place).names()


@pytest.mark.slow
def test_workers_work_on_a_run_of_a_store(environment, elsewhere, tmp_path):
    pytest.importorskip("ray")
    from unitscope.experiments.pieces import done_by
    from unitscope.scale import pool
    from unitscope.scale.spread import running_in

    place = f"s3://{bucket()}/run"
    with running_in(1), small_pieces(10):
        with done_by(None, threads=1):
            dissect(tmp_path / "local")
        with pool.Pool(2, None, 1) as hands, done_by(hands, threads=1):
            dissect(run_path(place))
    elsewhere()
    assert_same(tmp_path / "local", fetched(place, cells=True))
