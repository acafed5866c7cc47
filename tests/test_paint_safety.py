"""Who may talk to the server and how much: each attempt is made."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import zlib
from pathlib import Path
from threading import Timer

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from planted_generator import planted_run
from starlette.testclient import TestClient
from tiny import run_cli

import unitscope
from unitscope.errors import UnitscopeError
from unitscope.paint import safety, serve
from unitscope.paint.photographs import TooLarge, read_photograph
from unitscope.paint.safety import HEADERS, Guard, is_loopback, new_token
from unitscope.paint.server import Server
from unitscope.paint.studio import Studio

TOKEN = "secret-of-the-tests"
BASE = "http://127.0.0.1:8765"
ALLOWED = {"Authorization": f"Bearer {TOKEN}"}
JSON = {"Content-Type": "application/json"}
LATENT = {"seed": 3, "number": 1}
STROKE = {"tool": "erase", "units": [0], "path": [[10, 10]], "radius": 5}
POSTED = ("picture", "changes", "cells", "region", "units", "unit", "recipe")
GOOD = {
    "picture": {"latent": LATENT, "strokes": [STROKE], "size": 9},
    "changes": {"latent": LATENT, "strokes": [STROKE]},
    "cells": {"stroke": STROKE},
    "region": {"latent": LATENT, "strokes": [], "x": 1, "y": 2},
    "units": {"latent": LATENT, "strokes": [], "row": 1, "column": 2},
    "unit": {"latent": LATENT, "strokes": [], "unit": 1},
    "recipe": {"latent": LATENT, "strokes": [STROKE]},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return planted_run(tmp_path_factory.mktemp("paint") / "run")


@pytest.fixture(scope="module")
def client(run):
    studio = Studio.open(unitscope.open_run(run), "units", device="cpu")
    server = Server(studio, TOKEN, "127.0.0.1", find=lambda *given, **more: None)
    with TestClient(server.application, base_url=BASE) as found:
        yield found
    server.close(5)


def refused(answer, *statuses):
    """An answer is one line of JSON with one of these statuses, and carries the safe headers."""
    assert answer.status_code in statuses, (answer.status_code, answer.text)
    assert set(answer.json()) == {"error"}
    line = answer.json()["error"]
    assert line
    assert "\n" not in line
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    return line


# The token.


@pytest.mark.parametrize("path", ["/api/run", "/api/photo/1", "/api/none", "/", "/none", "/openapi.json"])
@pytest.mark.parametrize("given", ["", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "ü"])
def test_nothing_is_answered_without_the_token(client, path, given):
    asked = given.encode()
    headers = {b"authorization": b"Bearer " + asked} if given else {}
    line = refused(client.get(path, headers=headers, params={"token": given}), 401)
    assert TOKEN not in line


def test_the_token_of_the_address_is_for_the_page_alone(client):
    assert client.get("/", params={"token": TOKEN}).status_code == 200
    refused(client.get("/", headers=ALLOWED), 401)
    refused(client.get("/api/run", params={"token": TOKEN}), 401)
    assert client.get("/api/run", headers=ALLOWED).status_code == 200
    refused(client.get("/api/run", headers={"Authorization": f"Basic {TOKEN}"}), 401)


def test_the_token_is_compared_in_constant_time(client, monkeypatch):
    compared = []
    monkeypatch.setattr(safety.hmac, "compare_digest", lambda *given: compared.append(given) or False)
    refused(client.get("/api/run", headers=ALLOWED), 401)
    refused(client.get("/", params={"token": "a"}), 401)
    assert compared == [(TOKEN.encode(),) * 2, (b"a", TOKEN.encode())]


def test_tokens_are_long_and_differ():
    tokens = {new_token() for _ in range(50)}
    assert len(tokens) == 50
    assert min(map(len, tokens)) >= 40


# Other pages.


STRANGE_HOSTS = (
    "evil.example",
    "evil.example:8765",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "192.168.0.9:8765",
    "127.0.0.1:8765@evil.example",
    "[::1].evil.example",
    "127.0.0.1:80:80",
    "",
    "localhost:x",
)


@pytest.mark.parametrize("host", STRANGE_HOSTS)
def test_a_name_that_was_made_to_stand_for_this_machine_is_refused(client, host):
    refused(client.get("/api/run", headers=ALLOWED | {"Host": host}), 403)
    refused(client.get("/", params={"token": TOKEN}, headers={"Host": host}), 403)
    refused(client.get("/page/index.html", headers={"Host": host}), 403)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8765", "localhost:8765", "LOCALHOST:9000", "[::1]:8765", "localhost"]
)
def test_names_of_this_machine_are_let_in_also_through_a_tunnel(client, host):
    assert client.get("/api/run", headers=ALLOWED | {"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:8765", "http://127.0.0.1:8000", "",
               "http://localhost:8765"]
)  # fmt: skip
def test_other_pages_are_refused(client, origin):
    for name in POSTED:
        refused(client.post(f"/api/{name}", json=GOOD[name], headers=ALLOWED | {"Origin": origin}), 403)
    refused(client.get("/api/run", headers=ALLOWED | {"Origin": origin}), 403)


def test_the_own_page_is_let_in(client):
    for headers in ({"Origin": BASE}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        assert client.post("/api/picture", json=GOOD["picture"], headers=ALLOWED | headers).status_code == 200
    for site in ("cross-site", "same-site"):
        refused(client.get("/api/run", headers=ALLOWED | {"Sec-Fetch-Site": site}), 403)
        refused(client.get("/page/index.html", headers={"Sec-Fetch-Site": site}), 403)


def test_no_answer_lets_other_pages_read_it(client):
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    answer = client.options("/api/picture", headers=asked)
    assert not [name for name in answer.headers if name.startswith("access-control")]
    refused(answer, 403)


def test_a_server_for_others_knows_its_host_and_addresses_alone():
    guard = Guard(None, TOKEN, "0.0.0.0")
    assert all(map(guard.knows, ["192.168.0.9:8765", "[fe80::1]:8765", "localhost", socket.gethostname()]))
    assert not any(map(guard.knows, ["evil.example:8765", "192.168.0.9.evil.example", ""]))
    assert Guard(None, TOKEN, "lab.example").knows("LAB.example:80")
    assert [is_loopback(host) for host in ("localhost", "127.9.9.9", "::1", "0.0.0.0", "lab.example")] == [
        True, True, True, False, False,
    ]  # fmt: skip


# Headers and files.


def test_every_answer_has_safe_headers_and_no_inline_scripts(client):
    for answer in (
        client.get("/", params={"token": TOKEN}),
        client.get("/page/index.html"),
        client.post("/api/picture", json=GOOD["picture"], headers=ALLOWED),
    ):
        assert answer.status_code == 200
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    policy = dict(part.split(" ", 1) for part in HEADERS["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == "'none'"


def test_the_page_has_no_inline_scripts_and_asks_nobody_else(client):
    names = [path.name for path in (Path(unitscope.__file__).parent / "paint" / "page").iterdir()]
    for name in names:
        text = client.get(f"/page/{name}").text
        assert not re.search(
            r"(?:src|href|url\(|import|fetch\(|from)\s*[=(]?\s*['\"]?(?:https?:)?//", text
        ), name
        if name.endswith(".html"):
            assert not re.search(
                r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style|javascript:", text, re.IGNORECASE
            )


@pytest.mark.parametrize(
    "path", ["/page/../server.py", "/page/%2e%2e/server.py", "/page/..%2fserver.py", "/page//etc/passwd",
             "/page/%2fetc%2fpasswd", "/page/index.html%00.js", "/page/", "/page/none.js", "/page/a/index.html"]
)  # fmt: skip
def test_no_path_leads_to_a_file(client, path):
    refused(client.get(path, headers=ALLOWED), 401, 404)


# What is sent.


@pytest.mark.parametrize("name", POSTED)
def test_bodies_of_another_type_are_refused(client, name):
    content = json.dumps(GOOD[name])
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        refused(client.post(f"/api/{name}", content=content, headers=ALLOWED | {"Content-Type": kind}), 415)
    good = client.post(
        f"/api/{name}", content=content, headers=ALLOWED | {"Content-Type": "application/json; charset=utf-8"}
    )
    assert good.status_code == 200


@pytest.mark.parametrize("name", POSTED)
def test_bodies_that_are_too_large_are_refused(client, name):
    large = b" " * 1_000_001
    refused(client.post(f"/api/{name}", content=large, headers=ALLOWED | JSON), 413)
    # Without Content-Length.
    refused(
        client.post(f"/api/{name}", content=(large[:1000] for _ in range(1001)), headers=ALLOWED | JSON), 413
    )


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "99999999999999999999", "²"])
def test_a_length_that_is_none_is_refused(client, length):
    answer = client.post(
        "/api/recipe", content=b"{}", headers=ALLOWED | JSON | {"Content-Length": length.encode()}
    )
    refused(answer, 400, 413)


def test_photographs_are_bounded(client, monkeypatch):
    image = {"Content-Type": "image/png"}
    refused(client.post("/api/photo", content=b"0" * 20_000_001, headers=ALLOWED | image), 413)
    refused(
        client.post("/api/photo", content=(b"0" * 100_000 for _ in range(201)), headers=ALLOWED | image), 413
    )
    refused(client.post("/api/photo", content=bomb(8000, 7000), headers=ALLOWED | image), 413)
    for content in (
        b"",
        b"no picture",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        bomb(4, 4)[:60],
    ):
        refused(client.post("/api/photo", content=content, headers=ALLOWED | image), 400)
    for kind in ("application/json", "text/html", ""):
        refused(client.post("/api/photo", content=b"x", headers=ALLOWED | {"Content-Type": kind}), 415)
    refused(client.get("/api/photo/..%2f..%2fx", headers=ALLOWED), 404)
    refused(client.delete("/api/photo/none", headers=ALLOWED), 404)


def bomb(width, height):
    """A PNG of so many pixels that its few bytes do not hold."""

    def chunk(kind, content):
        return (
            len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
        )

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 40))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(8000, 7000), (12000, 12000), (60000, 60000)])
def test_pictures_of_too_many_pixels_are_not_decoded(size):
    with pytest.raises(TooLarge, match="pixels"):
        read_photograph(bomb(*size))


def test_photographs_come_upright_and_not_larger_than_needed():
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (3000, 90)).save(buffer, "JPEG", exif=exif)
    assert read_photograph(buffer.getvalue()).shape[:2] == (2048, 61)
    with pytest.raises(UnitscopeError, match="of no kind that is read"):
        read_photograph(b"GIF?")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_is_sent_is_answered_or_refused_in_one_line(client, data):
    """A good request with one part of it put in place of another, anywhere."""
    name = data.draw(st.sampled_from(POSTED))
    request = json.loads(json.dumps(GOOD[name]))
    place, path = request, []
    while isinstance(place, dict | list) and place and (not path or data.draw(st.booleans())):
        key = data.draw(
            st.sampled_from(sorted(place) if isinstance(place, dict) else list(range(len(place))))
        )
        path.append((place, key))
        place = place[key]
    holder, key = path[-1]
    holder[key] = data.draw(values)
    answer = client.post(
        f"/api/{name}", content=json.dumps(request).encode("utf-8", "replace"), headers=ALLOWED | JSON
    )
    if answer.status_code != 200:
        refused(answer, 400)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(POSTED), st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_is_no_json_is_refused_in_one_line(client, name, content):
    refused(client.post(f"/api/{name}", content=content, headers=ALLOWED | JSON), 400)


def test_other_methods_and_addresses_are_refused(client):
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        refused(client.request(method, "/api/picture", headers=ALLOWED), 405)
    refused(client.post("/api/run", headers=ALLOWED), 405)
    refused(client.get("/api/none", headers=ALLOWED), 404)
    refused(client.get("/api/run", headers=ALLOWED | {"X-Client": "x" * 101}), 400)


# The process.

SCRIPT = "from unitscope.cli.main import main; main()"
EVIL = {"Host": "evil.example"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Where the process is, and where its temporary files go."""
    return tmp_path_factory.mktemp("process")


@pytest.fixture(scope="module")
def process(run, place):
    """A process of the command, which the last test that asks for it stops."""
    environment = os.environ | {"PYTHONPATH": ":".join(filter(None, sys.path)), "TMPDIR": str(place)}
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "paint", str(run), "--no-browser", "--device", "cpu", "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=place, env=environment,
    ) as found:  # fmt: skip
        yield found
        if found.poll() is None:
            found.kill()


@pytest.fixture(scope="module")
def address(process):
    """What the process says first."""
    line = process.stdout.readline()
    said = re.fullmatch(r"painting at (http://\S+)\n", line)
    assert said, (line, process.stderr.read() if process.poll() else "")
    return said[1]


def files_below(*folders):
    return {path: path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*")}


@pytest.mark.slow
def test_a_body_without_end_is_refused_over_the_network(address):
    base, token = address.split("/?token=")
    host, port = base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as sent:
        sent.sendall(
            f"POST /api/recipe HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        part = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        try:
            for _ in range(400):
                sent.sendall(part)
        except OSError:
            pass  # it does not listen any more
        assert sent.recv(100).startswith(b"HTTP/1.1 413")


@pytest.mark.slow
def test_ctrl_c_stops_at_once_and_leaves_nothing_behind(process, address, run, place):
    before = files_below(run, place)
    base, token = address.split("/?token=")
    assert base.startswith("http://127.0.0.1:")
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}) as client:
        assert client.post("/api/picture", json=GOOD["picture"]).status_code == 200
        with pytest.raises(httpx.HTTPStatusError):
            client.get("/api/run", headers={"Authorization": "Bearer no"}).raise_for_status()
        # A connection that is kept open and one whose body never ends do not hold it.
        host, port = base.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as slow:
            slow.sendall(
                f"POST /api/recipe HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
                "Content-Type: application/json\r\nContent-Length: 90\r\n\r\n{".encode()
            )
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert said == ""
    with pytest.raises(OSError), socket.create_connection((host, int(port)), timeout=5):
        pass
    assert files_below(run, place) == before


def test_a_port_that_is_taken_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            UnitscopeError, match=rf"port {port} of 127.0.0.1 cannot be listened on: .*give another port"
        ):
            serve.serve(None, port=port, told=print)


def test_a_host_that_is_none_is_one_line():
    with pytest.raises(UnitscopeError, match=r"'no\.such\.host\.invalid' is no address of this machine"):
        serve.serve(None, host="no.such.host.invalid", told=print)


def test_other_hosts_are_warned_of():
    assert serve.warning_of("127.0.0.1") == serve.warning_of("localhost") == serve.warning_of("::1") == ""
    assert "lets other machines reach this server" in serve.warning_of("0.0.0.0")


@pytest.mark.slow
def test_another_host_prints_a_warning_and_needs_the_token(run, monkeypatch, capsys):
    answers = []

    def visit(address):
        base, token = address.split("/?token=")
        known = {"Authorization": f"Bearer {token}"}
        try:
            asked = [httpx.get(f"{base}/api/run", headers=each) for each in ({}, known, known | EVIL)]
            answers.extend(answer.status_code for answer in asked)
        finally:
            leave()

    def leave():
        given_up.cancel()
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("webbrowser.open", visit)
    given_up = Timer(60, leave)
    given_up.start()
    assert run_cli(monkeypatch, "paint", str(run), "--device", "cpu", "--port", "0", "--host", "0.0.0.0") == 0
    assert answers == [401, 200, 403]
    warning, painting, _ = capsys.readouterr().out.splitlines()
    assert warning.startswith("warning: --host 0.0.0.0 lets other machines reach this server")
    assert painting.startswith("painting at http://127.0.0.1:")
