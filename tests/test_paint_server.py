"""The server's answers, their order, and how much it holds."""

import asyncio
import io
import threading
import time
from functools import partial

import httpx
import numpy as np
import pytest
import torch
from paint_cases import Tiny, latent_of, seeded
from PIL import Image
from planted_generator import CELLS, SIDE, planted_run
from starlette.testclient import TestClient

import unitscope
from unitscope.paint.jobs import MOST_RUNNING, Jobs
from unitscope.paint.photo import find_latent
from unitscope.paint.recipe import SCALE, Latent, Stroke, read_json, read_recipe
from unitscope.paint.server import Server, page_files
from unitscope.paint.studio import Studio
from unitscope.paint.worker import Closed, Full, Worker

TOKEN = "the token of the tests"
BASE = "http://127.0.0.1:8765"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
LATENT = {"seed": 3, "number": 1}
STROKE = {"tool": "draw", "concept": "object/door", "units": [1], "level": "threshold", "path": [[1500, 3500]],
          "radius": 300, "on": True}  # fmt: skip


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    path = planted_run(tmp_path_factory.mktemp("paint") / "run")
    return Studio.open(unitscope.open_run(path), "units", device="cpu")


@pytest.fixture
def server(studio):
    made = Server(studio, TOKEN, "127.0.0.1")
    yield made
    made.close(5)


@pytest.fixture
def client(server):
    with TestClient(server.application, base_url=BASE, headers=HEADERS) as found:
        yield found


def asked(strokes=(STROKE,), **more):
    return {"latent": LATENT, "strokes": list(strokes)} | more


def pixels(answer):
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png"), answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def test_a_picture_is_that_of_the_painter_to_the_bit(client, studio):
    stroke = read_json(
        b'{"tool":"draw","units":[1],"level":"threshold","path":[[1500,3500]],"radius":300}', Stroke
    )
    expected = studio.canvas.picture(Latent(seed=3, number=1), [stroke])
    assert (pixels(client.post("/api/picture", json=asked())) == expected).all()
    assert pixels(client.post("/api/picture", json=asked(size=8))).shape == (8, 8, 3)
    assert pixels(client.post("/api/picture", json=asked(size=999))).shape == (SIDE, SIDE, 3)


def test_what_a_page_needs_first(client, studio):
    said = client.get("/api/run").json()
    assert said["grid"] == [CELLS, CELLS]
    assert said["size"] == [SIDE, SIDE]
    assert said["latents"] == {"count": 24, "seed": 3, "classes": None}
    assert said["generator"]["weights_hash"] == studio.canvas.run.network.weights_hash
    assert {each["key"] for each in said["palette"]} >= {"object/tree", "object/door"}
    assert said["units"] == 6
    assert said["default_units"] == 20


def test_all_other_questions(client):
    found = client.post("/api/changes", json=asked()).json()
    assert set(found) == {"before", "after", "strokes"}
    assert set(found["strokes"][0]) == {"took", "grew", "there", "note"}
    found = client.post("/api/cells", json={"stroke": STROKE}).json()
    assert found == {"grid": [CELLS, CELLS], "cells": [13]}
    found = client.post("/api/region", json=asked(x=100, y=SCALE - 100)).json()
    assert set(found) == {"concept", "region", "share"}
    found = client.post("/api/units", json=asked(row=3, column=1)).json()["units"]
    assert all(set(each) == {"unit", "activation", "threshold", "concept", "iou", "on"} for each in found)
    found = client.post("/api/unit", json=asked(unit=2)).json()
    assert len(found["activation"]) == CELLS**2
    assert set(found) == {"grid", "activation", "threshold", "concept", "iou", "interval", "stable"}


def test_recipes_are_written_with_levels_and_read_back(client, studio):
    written = client.post("/api/recipe", json=asked()).content
    recipe = read_recipe(written)
    assert recipe.strokes[0].levels == (float(studio.canvas.levels.thresholds[1]),)
    assert recipe.strokes[0].level == "threshold"
    again = client.post("/api/recipe", content=written, headers={"Content-Type": "application/json"})
    assert again.content == written
    other = written.replace(b'"units",', b'"other",')
    refused = client.post("/api/recipe", content=other, headers={"Content-Type": "application/json"})
    assert refused.status_code == 400
    assert "the recipe is for layer 'other'" in refused.json()["error"]


def test_the_page_and_its_files_come_whole(client):
    page = client.get("/", params={"token": TOKEN})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    files = page_files()
    assert "index.html" in files
    for name, (content, kind) in files.items():
        answer = client.get(f"/page/{name}")
        assert (answer.status_code, answer.content) == (200, content), name
        assert answer.headers["content-type"].startswith(kind)


def test_every_stroke_of_eight_clients_at_once_is_answered_in_order(server, studio):
    """25 strokes each, all sent before any is answered; each sees its own strokes and nobody else's."""
    order, expected = [], {}
    strokes = [
        STROKE
        | {"path": [[(number * 331 + client * 97) % SCALE, (number * 577) % SCALE]], "units": [client % 6]}
        for client in range(8)
        for number in range(25)
    ]
    most = 0

    async def ask(client, name, number, sent):
        nonlocal most
        answer = await client.post("/api/picture", json=asked(sent), headers={"X-Client": name})
        most = max(most, server.worker.waiting)
        order.append((name, number))
        return (name, number), pixels(answer)

    async def all_at_once():
        transport = httpx.ASGITransport(server.application)
        async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=HEADERS) as client:
            asks = []
            for number in range(25):
                for each in range(8):
                    sent = strokes[each * 25 : each * 25 + number + 1]
                    expected[f"client {each}", number] = sent
                    asks.append(asyncio.create_task(ask(client, f"client {each}", number, sent)))
                    await asyncio.sleep(0)
            return dict(await asyncio.gather(*asks))

    found = asyncio.run(all_at_once())
    assert len(found) == 200
    for each in range(8):
        assert [number for name, number in order if name == f"client {each}"] == list(range(25))
    assert most <= 8
    latent = Latent(seed=3, number=1)
    for key, sent in expected.items():
        drawn = [read_json(httpx.Request("POST", BASE, json=each).content, Stroke) for each in sent]
        assert (found[key] == studio.canvas.picture(latent, drawn)).all(), key


def test_requests_beyond_what_may_wait_are_told_so(server, monkeypatch):
    monkeypatch.setattr("unitscope.paint.safety.MOST_WAITING", 3)
    begun, go = threading.Event(), threading.Event()
    server.worker.submit(lambda: (begun.set(), go.wait(20)))

    async def five():
        transport = httpx.ASGITransport(server.application)
        async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=HEADERS) as client:
            asks = [asyncio.create_task(client.post("/api/picture", json=asked())) for _ in range(5)]
            for _ in range(50):
                await asyncio.sleep(0.01)
            go.set()
            return [answer.status_code for answer in await asyncio.gather(*asks)]

    assert begun.wait(20)
    assert sorted(asyncio.run(five())) == [200, 200, 200, 503, 503]


def test_a_client_that_has_gone_is_not_drawn_for(server, studio, monkeypatch):
    drawn = []
    monkeypatch.setattr(studio, "picture", lambda *given: drawn.append(given) or b"")
    sent = []

    async def left():
        scope = {
            "type": "http", "http_version": "1.1", "method": "POST", "path": "/api/picture", "query_string": b"",
            "root_path": "", "scheme": "http", "server": ("127.0.0.1", 8765), "client": ("127.0.0.1", 1),
            "headers": [
                (b"host", b"127.0.0.1:8765"), (b"authorization", f"Bearer {TOKEN}".encode()),
                (b"content-type", b"application/json"),
            ],
        }  # fmt: skip
        content = httpx.Request("POST", BASE, json=asked()).content
        messages = iter([{"type": "http.request", "body": content}, {"type": "http.disconnect"}])

        async def receive():
            return next(messages, {"type": "http.disconnect"})

        async def send(message):
            sent.append(message)

        await server.application(scope, receive, send)

    asyncio.run(left())
    assert not drawn
    assert sent[0]["status"] == 400


def test_a_server_that_closes_says_so(studio):
    closed = Server(studio, TOKEN, "127.0.0.1")
    closed.close(5)
    with TestClient(closed.application, base_url=BASE, headers=HEADERS) as client:
        answer = client.post("/api/picture", json=asked())
    assert (answer.status_code, answer.json()["error"]) == (503, "the server is closing")


# The thread of the networks.


def test_tasks_go_before_jobs_and_between_their_steps():
    worker, done, begun = Worker(10), [], threading.Event()

    def job(let_through):
        begun.set()
        for step in range(200):
            time.sleep(0.005)
            done.append(step)
            let_through()

    worker.start(job)
    assert begun.wait(20)
    futures = [worker.submit(lambda: threading.current_thread().name) for _ in range(3)]
    assert {future.result(20) for future in futures} == {"networks"}
    assert len(done) < 200
    worker.close(20)
    assert not worker._thread.is_alive()
    with pytest.raises(Closed):
        worker.submit(print)
    with pytest.raises(Closed):
        worker.start(job)


def test_a_task_that_fails_fails_alone_and_only_so_many_wait():
    worker, go = Worker(2), threading.Event()
    failed = worker.submit(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        failed.result(20)
    begun = threading.Event()
    worker.submit(lambda: (begun.set(), go.wait(20)))
    assert begun.wait(20)
    waiting = [worker.submit(lambda: 7) for _ in range(2)]
    with pytest.raises(Full):
        worker.submit(lambda: 8)
    go.set()
    assert [each.result(20) for each in waiting] == [7, 7]
    worker.close(20)


# Photographs.


class Looking:
    """Stands for the search for a latent: as many steps as it is told, then the latent of zeros."""

    def __init__(self, steps=1):
        self.steps, self.share, self.error, self.go = steps, 0.0, 9.0, threading.Event()

    def __call__(self, generator, picture, *, seed=0, report, cancelled):
        self.seen = picture
        for step in range(self.steps):
            if cancelled():
                raise RuntimeError("stopped")
            self.share = step / self.steps
            report(self)
            time.sleep(0.002)
        self.latent = torch.zeros(generator.latent_shape)
        return self


@pytest.fixture
def looking(studio):
    made = []

    def of(steps):
        find = Looking(steps)
        server = Server(studio, TOKEN, "127.0.0.1", find=find)
        made.append(server)
        return find, TestClient(server.application, base_url=BASE, headers=HEADERS)

    yield of
    for server in made:
        server.close(5)


def photograph(size=(40, 30), kind="PNG"):
    buffer = io.BytesIO()
    Image.new("RGB", size, (10, 200, 30)).save(buffer, kind)
    return buffer.getvalue()


def finished(client, job):
    for _ in range(2000):
        found = client.get(f"/api/photo/{job}").json()
        if found["state"] != "running":
            return found
        time.sleep(0.01)
    raise AssertionError(found)


def test_a_photograph_becomes_a_latent_that_can_be_painted_on(looking):
    find, client = looking(5)
    job = client.post("/api/photo", content=photograph(), headers={"Content-Type": "image/png"}).json()["job"]
    found = finished(client, job)
    assert (found["state"], found["progress"], found["error"]) == ("done", 1.0, 9.0)
    assert found["latent"] == {"values": [0.0] * 6}
    assert find.seen.shape == (30, 40, 3)
    assert (find.seen[0, 0] == (10, 200, 30)).all()
    assert pixels(client.post("/api/picture", json={"latent": found["latent"]})).shape == (SIDE, SIDE, 3)


def test_strokes_are_answered_while_a_photograph_is_looked_at(looking):
    _, client = looking(100_000)
    job = client.post("/api/photo", content=photograph(), headers={"Content-Type": "image/png"}).json()["job"]
    for _ in range(5):
        pixels(client.post("/api/picture", json=asked()))
    assert client.get(f"/api/photo/{job}").json()["state"] == "running"
    client.delete(f"/api/photo/{job}")
    found = finished(client, job)
    assert (found["state"], found["note"], found["latent"]) == ("failed", "cancelled", None)


def test_only_so_many_photographs_wait(looking):
    _, client = looking(100_000)

    def send():
        return client.post("/api/photo", content=photograph(), headers={"Content-Type": "image/png"})

    jobs = [send().json()["job"] for _ in range(MOST_RUNNING)]
    refused = send()
    assert (refused.status_code, "\n" in refused.json()["error"]) == (429, False)
    for job in jobs:
        client.delete(f"/api/photo/{job}")
        finished(client, job)
    assert "job" in send().json()


def test_a_search_that_fails_says_why(looking):
    find, client = looking(1)
    find.steps = "not a number"
    job = client.post("/api/photo", content=photograph(), headers={"Content-Type": "image/png"}).json()["job"]
    found = finished(client, job)
    assert found["state"] == "failed"
    assert found["note"].startswith("TypeError: ")
    pixels(client.post("/api/picture", json=asked()))


def test_the_search_of_the_package_goes_on_between_strokes_and_is_told_of():
    made, worker = seeded(Tiny), Worker(10)
    jobs = Jobs(worker, made, partial(find_latent, starts=4, steps=3))
    target = made.pictures(made.module(latent_of(1)))[0]
    job = jobs.start(target)
    worker.submit(lambda: None).result(60)
    while jobs.outcome(job).state == "running":
        time.sleep(0.01)
    found = jobs.outcome(job)
    assert (found.state, found.progress) == ("done", 1.0)
    assert len(found.latent.values) == 5
    drawn = made.pictures(made.module(torch.tensor([found.latent.values])))[0]
    assert found.error == pytest.approx(np.abs(drawn.astype(float) - target.astype(float)).mean(), abs=0.51)
    worker.close(5)
