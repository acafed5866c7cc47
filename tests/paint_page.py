"""The application on a free port, and a person who paints on its page, for tests in Chromium."""

import base64
import io
import json
import socket
import threading

import numpy as np
import pytest
import uvicorn
from browser import Reader
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from unitscope.paint.recipe import Region, Stroke, read_json, read_recipe
from unitscope.paint.server import Server

TOKEN = "token-of-the-page"


class Served:
    """The application on a free port of this machine."""

    def __init__(self, studio, **given):
        self.made = Server(studio, TOKEN, "127.0.0.1", **given)
        listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{listening.getsockname()[1]}/?token={TOKEN}"
        settings = uvicorn.Config(
            self.made.application, log_level="critical", ws="none", timeout_graceful_shutdown=1
        )
        self.server = uvicorn.Server(settings)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listening]}, daemon=True)
        self.thread.start()

    def close(self):
        self.server.should_exit = True
        self.thread.join(10)
        self.made.close(5)


class Painter(Reader):
    """A person who paints."""

    def __init__(self, browser, address, studio):
        self.driver, self.url, self.studio = browser, address, studio

    def enter(self, *, number=None, forget=True):
        """Load the page; what the tab was left with is forgotten, or comes back."""
        if forget:
            # A page keeps its strokes as it is left. An empty page between would cost a new process of the browser.
            self.run(
                "if (location.protocol === 'http:') addEventListener('pagehide', () => sessionStorage.clear())"
            )
        self.driver.get(self.url)
        self.wait(lambda: self.run("return document.body.dataset.ready"))
        if number is not None:
            field = self.one("#number")
            field.clear()
            field.send_keys(str(number), Keys.ENTER)
        self.settle()

    def recipe(self):
        self.run("dispatchEvent(new Event('pagehide'))")
        key = "return Object.keys(sessionStorage).find((name) => name.startsWith('unitscope-paint'))"
        return json.loads(self.run("return sessionStorage.getItem(arguments[0])", self.run(key)))["recipe"]

    def expected(self):
        """What the strokes of the page give without the page."""
        given = self.recipe()
        body = {
            "unitscope": "paint",
            "version": 1,
            "generator": {"name": "any", "weights_hash": "0" * 64},
            "layer": "",
        }
        recipe = read_recipe(json.dumps({**body, **given}).encode())
        return self.studio.canvas.picture(recipe.latent, recipe.strokes)

    def seen(self):
        text = self.run("return document.getElementById('edited').toDataURL('image/png')").split(",", 1)[1]
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB"))

    def settle(self):
        """Wait until the picture is that of the strokes."""
        self.wait(lambda: not self.one("#stage").get_attribute("aria-busy"))
        self.wait(lambda: np.array_equal(self.seen(), self.expected()))

    def choose(self, name):
        option = next(each for each in self.all("#concepts [role=option]") if each.text.startswith(name))
        option.click()

    def take(self, tool):
        self.one(f"[data-tool={tool}]").click()

    def offset(self, row, column):
        box, (rows, columns) = self.one("#stage").size, self.studio.subject.layer.grid
        return (
            round((column + 0.5) / columns * box["width"] - box["width"] / 2),
            round((row + 0.5) / rows * box["height"] - box["height"] / 2),
        )

    def paint(self, *cells):
        stage, moves = self.one("#stage"), ActionChains(self.driver, duration=30)
        moves.move_to_element_with_offset(stage, *self.offset(*cells[0])).click_and_hold()
        for cell in cells[1:]:
            moves.move_to_element_with_offset(stage, *self.offset(*cell))
        moves.release().perform()

    def touch(self, *cells):
        box = self.run("return document.getElementById('stage').getBoundingClientRect().toJSON()")
        across, down = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        points = [{"x": across + x, "y": down + y} for x, y in (self.offset(*cell) for cell in cells)]
        send = self.driver.execute_cdp_cmd
        send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
        for point in points[1:]:
            send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def keys(self, *keys):
        self.one("#stage").send_keys(*keys)

    def brush_to_a_point(self):
        """Take the smallest brush and the highest level, at which a unit of the planted generator is on."""
        self.run(
            "const l = document.getElementById('level'); l.value = l.max; l.dispatchEvent(new Event('input'))"
        )
        self.run(
            "const b = document.getElementById('brush'); b.value = 0; b.dispatchEvent(new Event('input'))"
        )

    def network(self, *, offline=False, latency=0):
        conditions = {
            "offline": offline,
            "latency": latency,
            "downloadThroughput": -1,
            "uploadThroughput": -1,
        }
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.emulateNetworkConditions", conditions)


def entering(driver, served, studio, number):
    """Somebody who has opened the page at a picture, on a large screen."""
    found = Painter(driver, served.address, studio)
    found.screen(1280, 900)
    found.network()
    found.problems()
    found.enter(number=number)
    return found


@pytest.fixture(scope="module")
def served(studio):
    """The application, for the studio of a module."""
    made = Served(studio)
    yield made
    made.close()


def stroke_of(given):
    region = given.get("region")
    made = {name: value for name, value in given.items() if name != "region"}
    if region is not None:
        Region(region["rows"], region["columns"], tuple(map(tuple, region["runs"])))
        made["region"] = region
    return read_json(json.dumps({"on": True, **made}).encode(), Stroke)
