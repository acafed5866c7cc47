"""Checkpoints are fetched from a server that truncates, stalls, lies and recovers."""

import errno
import hashlib
import http.server
import io
import multiprocessing
import pickle
import threading
import time
from functools import partial

import pytest
import torch

from unitscope.errors import UnitscopeError
from unitscope.models import download
from unitscope.models.catalogue import CATALOGUE, Checkpoint, CheckpointFile
from unitscope.models.download import Patience, cache_folder, cached_path, fetch

CONTENT = bytes(range(256)) * 5000
DIGITS = hashlib.sha256(CONTENT).hexdigest()[:8]
NAME = f"tiny-{DIGITS}.pth"
TINY = Checkpoint("tiny", "classifier", "a test", (NAME,))
UNNAMED = Checkpoint("plain", "segmenter", "a test", ("folder/one.pth",))
SEVERAL = Checkpoint("several", "segmenter", "a test", ("folder/labels.json", "folder/more.json"))


def saved(value):
    """What ``torch.save`` writes of a state dict; no hash is in the name of the file that holds it."""
    file = io.BytesIO()
    torch.save({"weight": torch.full((1000,), float(value))}, file)
    return file.getvalue()


QUICK = Patience(timeout=0.3, tries=3, pause=0.01)


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT under every path; `behave` is asked first, once for each request."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviours, self.requests, self.etag, self.content = [], [], '"one"', CONTENT
        self.ranges = True
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/models/"

    def handle_error(self, request, client_address):
        """A client that went away is part of the tests."""


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        server.requests.append((self.path, self.headers.get("Range")))
        behaviour = server.behaviours.pop(0) if server.behaviours else send
        behaviour(self, server.content)


def start_of(handler, content):
    """Answer the header; return what is to be sent."""
    asked, server = handler.headers.get("Range"), handler.server
    fits = handler.headers.get("If-Range") in (None, server.etag)
    first = int(asked.split("=")[1].rstrip("-")) if asked and server.ranges and fits else 0
    if first >= len(content):
        handler.send_response(416)
        handler.send_header("Content-Range", f"bytes */{len(content)}")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return b""
    handler.send_response(206 if first else 200)
    if first:
        handler.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
    handler.send_header("Content-Length", str(len(content) - first))
    handler.send_header("ETag", server.etag)
    handler.end_headers()
    return content[first:]


def send(handler, content):
    handler.wfile.write(start_of(handler, content))


def truncate(handler, content, share=0.5):
    rest = start_of(handler, content)
    handler.wfile.write(rest[: int(len(rest) * share)])


def stall(handler, content):
    rest = start_of(handler, content)
    handler.wfile.write(rest[: len(rest) // 2])
    handler.wfile.flush()
    time.sleep(0.6)


def silence(_handler, _content):
    time.sleep(0.6)


def answer(handler, _content, code, kind="text/plain"):
    handler.send_response(code)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", "4")
    handler.end_headers()
    handler.wfile.write(b"oops")


def page(handler, content):
    answer(handler, content, 200, "text/html")


def redirect(handler, _content):
    handler.send_response(302)
    handler.send_header("Location", "/elsewhere/" + NAME)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def longer(handler, content):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content) + 100))
    handler.end_headers()
    handler.wfile.write(content)


@pytest.fixture
def server():
    server = Server()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("UNITSCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("UNITSCOPE_MIRROR", raising=False)
    return tmp_path / "cache" / "models"


def get(server, checkpoint=TINY, **given):
    return fetch(checkpoint, mirror=server.url, show=False, patience=QUICK, **given)


def leftovers(cache):
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def test_a_file_is_fetched_once(server, cache):
    path = get(server)
    assert path == cache / NAME == cached_path(CheckpointFile(NAME))
    assert path.read_bytes() == CONTENT
    assert get(server) == path
    assert server.requests == [(f"/models/{NAME}", None)]
    assert leftovers(cache) == [NAME]


def test_several_files_give_their_folder(server, cache):
    server.content = b"{}"
    assert get(server, SEVERAL) == cache / "folder"
    assert leftovers(cache) == ["labels.json", "more.json"]


def test_a_mirror_may_come_from_the_environment(server, monkeypatch):
    monkeypatch.setenv("UNITSCOPE_MIRROR", server.url)
    assert fetch(TINY, show=False).read_bytes() == CONTENT


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("trouble", [truncate, stall, partial(answer, code=503), silence])
def test_a_broken_transfer_goes_on_where_it_broke(server, cache, trouble, ranges):
    server.behaviours, server.ranges = [trouble], ranges
    assert get(server).read_bytes() == CONTENT
    assert len(server.requests) == 2
    resumed = trouble in (truncate, stall)
    assert server.requests[1][1] == (f"bytes={len(CONTENT) // 2}-" if resumed else None)
    assert leftovers(cache) == [NAME]


def test_many_short_transfers_make_a_whole_file(server):
    server.behaviours = [partial(truncate, share=0.2)] * 8
    assert get(server).read_bytes() == CONTENT


def test_what_arrived_is_kept_for_the_next_time(server, cache):
    server.behaviours = [truncate, *[partial(answer, code=500)] * 3]
    with pytest.raises(UnitscopeError, match=r"answers 500 .*\(640,000 bytes of it are kept, .*weights=FILE"):
        get(server)
    assert not (cache / NAME).exists()
    assert get(server).read_bytes() == CONTENT
    assert server.requests[-1][1] == f"bytes={len(CONTENT) // 2}-"


def test_a_server_that_always_breaks_off_is_given_up(server, monkeypatch):
    monkeypatch.setattr(download, "MOST_TRIES", 6)
    server.behaviours = [partial(truncate, share=0.001)] * 20
    with pytest.raises(UnitscopeError, match=r"the server broke off 6 times \(.* bytes of it are kept"):
        get(server)


def test_without_a_hash_a_broken_transfer_begins_anew(server, cache):
    server.content, failing = saved(1), [partial(answer, code=500)] * 3
    server.behaviours = [truncate, *failing]
    with pytest.raises(UnitscopeError, match="answers 500") as error:
        get(server, UNNAMED)
    assert "goes on from there" not in str(error.value)
    assert leftovers(cache) == []
    server.behaviours = [truncate]
    assert get(server, UNNAMED).read_bytes() == saved(1)
    assert [asked[1] for asked in server.requests] == [None] * len(server.requests)


@pytest.mark.parametrize("checkpoint", ["named", "unnamed"])
def test_a_file_that_was_damaged_in_the_cache_is_fetched_again(server, cache, checkpoint):
    which = {"named": None, "unnamed": UNNAMED}[checkpoint]
    server.content = server.content if which is None else saved(1)
    path = get(server, *([which] if which else []))
    whole = path.read_bytes()
    path.write_bytes(whole[:-9] + b"123456789")
    assert get(server, *([which] if which else [])).read_bytes() == whole
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "mirror",
    ["~nosuchuser/models", "x" * 5000, "a\0b", "http://[::1", "https://exa mple.org/\x7f", "http://"],
)
def test_addresses_that_are_none_are_one_line(cache, mirror):
    with pytest.raises(UnitscopeError, match="mirror") as error:
        fetch(TINY, mirror=mirror, show=False, patience=Patience(1, 1, 0))
    assert "\n" not in str(error.value)


def test_parts_of_two_versions_are_not_put_together(server, cache):
    server.behaviours, server.content = [truncate, *[partial(answer, code=500)] * 3], saved(1)
    with pytest.raises(UnitscopeError, match="answers 500"):
        get(server, UNNAMED)
    server.content, server.etag = saved(2), '"two"'
    assert get(server, UNNAMED).read_bytes() == saved(2)


@pytest.mark.parametrize(
    ("checkpoint", "content", "problem"),
    [
        (UNNAMED, saved(1)[:-500], "it is damaged, cut short, or no checkpoint"),
        (UNNAMED, b"", "it is empty"),
        (UNNAMED, b" <!DOCTYPE html>", "it is a web page, not a checkpoint"),
        (
            UNNAMED,
            pickle.dumps(Patience(), protocol=2),
            "it holds .* reading those would run code from the file",
        ),
        (SEVERAL, b"\xff\xfe", "it cannot be read as JSON"),
        (SEVERAL, b"", "it cannot be read as JSON"),
    ],
)
def test_a_file_without_a_hash_must_open(server, cache, checkpoint, content, problem):
    server.content = content
    with pytest.raises(
        UnitscopeError, match=f"is not the published file: {problem}.*; it was deleted: try again"
    ):
        get(server, checkpoint)
    assert leftovers(cache) == []


def test_a_mirror_may_be_a_folder(tmp_path, cache):
    folder = tmp_path / "my mirror"
    folder.mkdir()
    with pytest.raises(UnitscopeError, match=r"cannot download file://.*No such file"):
        fetch(TINY, mirror=str(folder), show=False)
    (folder / NAME).write_bytes(CONTENT)
    assert fetch(TINY, mirror=str(folder), show=False).read_bytes() == CONTENT
    assert leftovers(cache) == [NAME]


@pytest.mark.parametrize("mirror", ["nowhere", "ftp://example.org/x", "/no/such/folder"])
def test_a_mirror_that_is_none(mirror):
    with pytest.raises(UnitscopeError, match=f"the mirror '{mirror}' is neither a URL nor a folder; give"):
        fetch(TINY, mirror=mirror, show=False)


def test_redirects_in_circles_end_at_once(server):
    def around(handler, _content):
        handler.send_response(302)
        handler.send_header("Location", handler.path)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    server.behaviours = [around] * 50
    with pytest.raises(UnitscopeError, match="answers 302") as caught:
        get(server)
    assert "\n" not in str(caught.value)
    assert len(server.requests) < 20


@pytest.mark.parametrize("arrived", [CONTENT, CONTENT + b"more", b"other" * 10])
def test_a_part_that_is_the_file_or_none_of_it(server, cache, arrived):
    cache.mkdir(parents=True)
    (cache / f"{NAME}.partial").write_bytes(arrived)
    if arrived == b"other" * 10:
        with pytest.raises(UnitscopeError, match="is not the published file: its SHA-256 starts with"):
            get(server)
        assert leftovers(cache) == []
    assert get(server).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (
            partial(answer, code=404),
            "answers 404 Not Found; name another server with mirror=, put the file at",
        ),
        (page, "sends a web page instead of the file"),
        (partial(answer, code=200), "is not the published file: its SHA-256 starts with"),
    ],
)
def test_garbage_is_refused_at_once_and_leaves_nothing(server, cache, behaviour, message):
    server.behaviours = [behaviour] * 5
    with pytest.raises(UnitscopeError, match=message):
        get(server)
    assert len(server.requests) == 1
    assert leftovers(cache) == []


def test_a_server_that_stays_silent_is_given_up(server, cache):
    server.behaviours = [silence] * 5
    with pytest.raises(
        UnitscopeError, match=f"cannot download {server.url}{NAME}: the server does not answer"
    ):
        get(server)
    assert len(server.requests) == QUICK.tries
    assert leftovers(cache) == []


def test_a_server_that_promises_more_than_it_has(server):
    server.behaviours = [longer]
    assert get(server).read_bytes() == CONTENT


def test_redirects_are_followed(server):
    server.behaviours = [redirect]
    assert get(server).read_bytes() == CONTENT


def test_no_server_at_all(cache):
    with pytest.raises(UnitscopeError, match=r"cannot download http://127\.0\.0\.1:9/.*refused"):
        fetch(TINY, mirror="http://127.0.0.1:9/", show=False, patience=QUICK)


def test_a_full_disk_leaves_nothing(server, cache, monkeypatch):
    def full(_response):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download, "_read", full)
    with pytest.raises(UnitscopeError, match="the disk is full: cannot keep tiny"):
        get(server)
    assert leftovers(cache) == []


def test_an_interrupted_transfer_can_go_on(server, cache, monkeypatch):
    whole = download._read

    def interrupt(response):
        if (cache / f"{NAME}.partial").stat().st_size:
            raise KeyboardInterrupt
        return whole(response)

    monkeypatch.setattr(download, "_read", interrupt)
    with pytest.raises(KeyboardInterrupt):
        get(server)
    monkeypatch.setattr(download, "_read", whole)
    assert get(server).read_bytes() == CONTENT
    assert server.requests[1][1].startswith("bytes=")


def _fetch_there(url, folder):
    import os

    os.environ["UNITSCOPE_CACHE"] = str(folder)
    fetch(TINY, mirror=url, show=False, patience=QUICK)


def test_two_processes_fetch_a_file_once(server, cache, tmp_path):
    server.behaviours = [lambda handler, content: (time.sleep(0.2), send(handler, content))]
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_fetch_there, args=(server.url, tmp_path / "cache")) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(server.requests) == 1
    assert (cache / NAME).read_bytes() == CONTENT


def test_the_cache_follows_the_usual_variables(monkeypatch, tmp_path):
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("UNITSCOPE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "unitscope"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "unitscope"


def test_the_catalogue_names_the_published_files():
    files = [file for checkpoint in CATALOGUE.values() for file in checkpoint.files]
    assert len({file.path for file in files}) == len(files) == 3 + 8 + 2 * 3
    hashed = [file for file in files if file.hash_prefix]
    assert len(hashed) == 11
    assert CATALOGUE["resnet152-places365"].files[0].hash_prefix == "f928166e5c"
    assert CATALOGUE["upp"].files[2].path == "segmodel/upp-resnet50-upernet/labels.json"
    assert all(checkpoint.name == name for name, checkpoint in CATALOGUE.items())
