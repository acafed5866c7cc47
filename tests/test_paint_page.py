"""The page that paints, as a person uses it: pointer, finger and keys in Chromium, against the planted generator."""

import base64
import io
import random

import numpy as np
import pytest
from browser import driver  # noqa: F401
from paint_page import TOKEN, entering, served, stroke_of  # noqa: F401
from PIL import Image
from planted_generator import CELLS, planted_run, planted_samples
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

import unitscope
from unitscope.paint.cells import touched
from unitscope.paint.recipe import SCALE, read_recipe, write_recipe
from unitscope.paint.studio import Studio

HEARD = """window.heard = [];
const say = document.querySelector('#say');
new MutationObserver(() => heard.push(say.textContent))
  .observe(say, {childList: true, characterData: true, subtree: true});"""
"""Notes every line that the page says from now on, also those that another one follows at once."""


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    path = planted_run(tmp_path_factory.mktemp("paint") / "run")
    return Studio.open(unitscope.open_run(path), "units", device="cpu", units=1)


@pytest.fixture
def painter(driver, served, studio):  # noqa: F811
    found = entering(driver, served, studio, walled())
    yield found
    found.network()
    assert found.problems() == []


def on(number):
    latents = planted_samples().latents.read([number])[0]
    return latents.numpy() > np.array([0, 0, -1, -0.5, 99, 0])


def walled():
    """A latent with wall and sky, whose first tree is there and whose door is not."""
    return next(number for number in range(24) if on(number)[[0, 2, 3]].all() and not on(number)[1])


def test_a_door_is_painted_on_a_wall_and_undone(painter):
    painter.choose("door")
    painter.brush_to_a_point()
    before = painter.seen()
    painter.paint((3, 1))
    painter.settle()
    assert (painter.seen() != before).any()
    painter.wait(lambda: "(door) grew by 6" in painter.one("#say").text)
    assert "draw unit 1 (door)" in painter.one("#strokes").text
    rows = painter.one("#changes").text
    assert "door" in rows
    assert "wall" in rows
    painter.one("#undo").click()
    painter.settle()
    assert (painter.seen() == before).all()
    assert "None yet" in painter.one("#strokes").text
    painter.one("#redo").click()
    painter.settle()
    assert (painter.seen() != before).any()


def test_a_stroke_that_does_not_take_says_what_stood_there(painter):
    painter.choose("door")
    painter.brush_to_a_point()
    painter.paint((0, 1))
    painter.settle()
    painter.wait(lambda: "no door came: sky stood there" in painter.one("#strokes").text)


def test_a_tree_is_erased(painter):
    painter.choose("tree")
    painter.take("erase")
    painter.paint((1, 0), (2, 0), (2, 1), (1, 1), (1, 2))
    painter.settle()
    (stroke,) = painter.recipe()["strokes"]
    assert stroke["tool"] == "erase"
    assert len(stroke["path"]) > 3


def test_a_finger_paints(painter):
    painter.choose("door")
    painter.brush_to_a_point()
    painter.touch((3, 0), (3, 1), (3, 2))
    painter.settle()
    (stroke,) = painter.recipe()["strokes"]
    assert touched(stroke_of(stroke), (CELLS, CELLS))[3, :3].all()


def test_keys_are_enough(painter):
    painter.choose("door")
    painter.brush_to_a_point()
    painter.keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_LEFT, Keys.ENTER)
    painter.settle()
    (stroke,) = painter.recipe()["strokes"]
    assert np.argwhere(touched(stroke_of(stroke), (CELLS, CELLS))).tolist() == [[3, 1]]
    painter.keys("z")
    painter.settle()
    assert painter.recipe()["strokes"] == []
    painter.keys("y")
    painter.settle()
    painter.keys("e", Keys.ARROW_RIGHT, " ")
    painter.settle()
    assert [each["tool"] for each in painter.recipe()["strokes"]] == ["draw", "erase"]
    painter.keys("?")
    painter.wait(lambda: painter.one("#help-dialog").is_displayed())
    painter.one("#help-dialog").send_keys(Keys.ESCAPE)
    painter.wait(lambda: not painter.one("#help-dialog").is_displayed())


def test_the_cells_that_will_be_touched_are_shown_before_a_stroke(painter):
    painter.choose("door")
    painter.brush_to_a_point()
    inked = """const canvas = document.getElementById('overlay'); const [x, y] = arguments;
      const [w, h] = [canvas.width / 4, canvas.height / 4];
      return canvas.getContext('2d').getImageData(x * w + 4, y * h + 4, w - 8, h - 8).data.some((value) => value > 0)"""
    stage = painter.one("#stage")
    ActionChains(painter.driver).move_to_element_with_offset(stage, *painter.offset(2, 1)).perform()
    painter.wait(lambda: painter.run(inked, 1, 2))
    assert not painter.run(inked, 3, 0)
    assert painter.recipe()["strokes"] == []
    assert all("getImageData" in entry["message"] for entry in painter.problems())  # what this test does


def test_strokes_are_switched_off_deleted_and_cleared(painter):
    painter.choose("door")
    painter.brush_to_a_point()
    for column in (0, 1):
        painter.paint((3, column))
        painter.settle()
    painter.run("document.querySelector('#strokes input[type=checkbox]').click()")
    painter.settle()
    assert [each["on"] for each in painter.recipe()["strokes"]] == [False, True]
    painter.run("document.querySelector('#strokes [data-control=delete-1]').click()")
    painter.settle()
    assert [each["on"] for each in painter.recipe()["strokes"]] == [False]
    painter.one("#clear").click()
    painter.settle()
    assert painter.recipe()["strokes"] == []


def test_a_reload_brings_everything_back_and_another_tab_has_its_own(painter):
    painter.choose("door")
    painter.brush_to_a_point()
    painter.paint((3, 1))
    painter.settle()
    kept = painter.recipe()
    painter.enter(forget=False)
    assert painter.recipe() == kept
    first = painter.driver.current_window_handle
    painter.driver.switch_to.new_window("tab")
    painter.enter()
    assert painter.recipe()["strokes"] == []
    painter.driver.close()
    painter.driver.switch_to.window(first)
    assert painter.recipe() == kept


def test_a_lost_connection_loses_no_stroke(painter):
    painter.choose("door")
    painter.brush_to_a_point()
    painter.network(offline=True)
    painter.paint((3, 0))
    painter.wait(lambda: painter.one("#connection").is_displayed())
    painter.paint((3, 1))
    assert len(painter.recipe()["strokes"]) == 2
    painter.network()
    painter.run("document.getElementById('connection-retry').click()")
    painter.settle()
    assert not painter.one("#connection").is_displayed()
    painter.wait(lambda: "draw unit 1 (door)" in painter.one("#strokes").text)
    assert all("ERR_INTERNET_DISCONNECTED" in entry["message"] for entry in painter.problems())


def test_on_a_slow_network_newer_strokes_overtake_older_ones(painter):
    painter.choose("door")
    painter.brush_to_a_point()
    count = "return performance.getEntriesByName(location.origin + '/api/picture').length"
    painter.run("performance.clearResourceTimings()")
    painter.network(latency=700)
    for column in range(3):
        for row in (2, 3):
            painter.paint((row, column))
    painter.network()
    painter.settle()
    assert len(painter.recipe()["strokes"]) == 6
    assert 1 <= painter.run(count) < 6


def test_recipes_and_pictures_are_saved_and_opened(painter, tmp_path):
    painter.run("""window.saved = []; const made = URL.createObjectURL;
      URL.createObjectURL = (blob) => { blob.arrayBuffer().then((all) =>
        saved.push([blob.type, btoa(String.fromCharCode(...new Uint8Array(all)))])); return made(blob); };
      HTMLAnchorElement.prototype.click = () => {};""")
    painter.choose("door")
    painter.brush_to_a_point()
    painter.paint((3, 1))
    painter.settle()
    painter.run("saved.length = 0")
    painter.one("#save-recipe").click()
    painter.wait(lambda: len(painter.run("return saved")) == 1)
    painter.one("#save-picture").click()
    painter.wait(lambda: len(painter.run("return saved")) == 2)
    recipe, picture = (base64.b64decode(content) for _, content in painter.run("return saved"))
    read = read_recipe(recipe)
    assert write_recipe(read) == recipe
    assert read.strokes[0].levels
    assert (np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")) == painter.seen()).all()
    (tmp_path / "recipe.json").write_bytes(recipe)
    before = painter.seen()
    painter.one("#clear").click()
    painter.settle()
    assert painter.recipe()["strokes"] == []
    painter.run(HEARD)
    painter.one("#recipe-file").send_keys(str(tmp_path / "recipe.json"))
    painter.wait(lambda: painter.recipe()["strokes"])  # the file is read before the picture is asked for
    painter.settle()
    assert (painter.seen() == before).all()
    painter.wait(lambda: "The recipe recipe.json is open." in painter.run("return heard"))


def test_a_file_that_is_no_recipe_is_told_and_stays_told(painter, tmp_path):
    (tmp_path / "other.json").write_text('{"strokes": 3}')
    painter.choose("door")
    painter.brush_to_a_point()
    # An answer that comes later says what the stroke did, and not that all is well.
    painter.run("""window.waiting = []; const send = window.fetch; window.fetch = async (path, given) => {
      const ofStroke = path === '/api/changes' && given.body.includes('"tool"');
      if (ofStroke && waiting) await new Promise((go) => waiting.push(go));
      return send(path, given); };""")
    painter.paint((3, 1))
    painter.wait(lambda: painter.run("return waiting.length"))
    painter.one("#recipe-file").send_keys(str(tmp_path / "other.json"))
    painter.wait(lambda: painter.one("#error").text)
    painter.run("waiting.forEach((go) => go()); window.waiting = null")
    painter.wait(lambda: "grew by" in painter.one("#say").text)
    assert "`$.strokes`" in painter.one("#error").text
    assert "\n" not in painter.one("#error").text
    painter.one("#undo").click()
    assert not painter.one("#error").is_displayed()
    assert all("400 (Bad Request)" in entry["message"] for entry in painter.problems())


def test_an_object_is_selected_and_erased(painter):
    painter.choose("door")
    painter.take("select")
    painter.paint((1, 0))
    painter.wait(lambda: painter.one("#selection").is_displayed())
    next(each for each in painter.all("#selection button") if each.text == "Erase tree").click()
    painter.settle()
    (stroke,) = painter.recipe()["strokes"]
    assert (stroke["tool"], stroke["concept"]) == ("erase", "object/tree")
    assert touched(stroke_of(stroke), (CELLS, CELLS))[1, 0]
    painter.wait(lambda: "(tree) shrank by 12.5" in painter.one("#say").text)


def test_looking_inside_says_what_is_on_at_a_place(painter):
    painter.take("look")
    painter.paint((3, 0))
    painter.wait(lambda: painter.one("#inside").is_displayed())
    painter.wait(lambda: "Row 4, column 1: no unit on" in painter.one("#inside-title").text)
    assert "Nothing is above its threshold" in painter.one("#inside-body").text
    painter.keys(Keys.ARROW_UP, Keys.ARROW_UP, Keys.ENTER)
    painter.wait(lambda: "Row 3, column 1" in painter.one("#inside-title").text)
    painter.one("#inside-close").click()
    assert not painter.one("#inside").is_displayed()


def test_other_pictures_and_the_same_strokes_on_them(painter):
    painter.choose("door")
    painter.brush_to_a_point()
    painter.paint((3, 1))
    painter.settle()
    painter.one("#compare").click()
    loaded = "return [...document.querySelectorAll('#compare-tiles img')].filter((each) => each.naturalWidth).length"
    painter.wait(lambda: painter.run(loaded) == 24)
    painter.one("#compare-dialog").send_keys(Keys.ESCAPE)
    number = painter.recipe()["latent"]["number"]
    painter.one("#next").click()
    painter.settle()
    assert painter.recipe()["latent"]["number"] == number + 1
    painter.one("#gallery").click()
    painter.wait(lambda: painter.run(loaded.replace("compare", "gallery")) > 5)
    painter.one("#gallery-dialog").send_keys(Keys.ESCAPE)


def test_original_and_difference_are_shown(painter):
    painter.choose("door")
    painter.brush_to_a_point()
    painter.paint((3, 1))
    painter.settle()
    painter.wait(lambda: "grew by" in painter.one("#say").text)
    painter.keys("x")
    painter.wait(lambda: "of the pixels differ" in painter.one("#say").text)
    assert painter.one("#difference").is_displayed()
    painter.keys("x")
    assert not painter.one("#difference").is_displayed()
    ActionChains(painter.driver).click_and_hold(painter.one("#hold")).perform()
    painter.wait(lambda: painter.one("#badge").text == "original")
    ActionChains(painter.driver).release().perform()
    painter.wait(lambda: not painter.one("#badge").is_displayed())


def test_cells_are_those_of_python(painter):
    chosen = random.Random(0)
    drawn = []
    for _ in range(150):
        path = [[chosen.randint(0, SCALE), chosen.randint(0, SCALE)] for _ in range(chosen.randint(1, 5))]
        drawn.append({"path": path, "radius": chosen.choice([0, 1, 50, 300, 2048])})
    for _ in range(50):
        rows, columns = chosen.randint(1, 9), chosen.randint(1, 9)
        start = chosen.randrange(rows * columns)
        runs = [[start, chosen.randint(1, rows * columns - start)]]
        drawn.append({"region": {"rows": rows, "columns": columns, "runs": runs}})
    grids = [(chosen.randint(1, 12), chosen.randint(1, 12)) for _ in drawn]
    script = """const [drawn, grids, done] = arguments;
      import('/page/cells.js').then(({ cellsOf }) => done(drawn.map((stroke, at) => cellsOf(stroke, grids[at]))))"""
    found = painter.driver.execute_async_script(script, drawn, grids)
    for stroke, grid, cells in zip(drawn, grids, found, strict=True):
        mask = touched(stroke_of({"tool": "erase", "units": [0], **stroke}), grid)
        assert np.flatnonzero(mask).tolist() == cells


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (360, False)])
def test_the_page_fits_and_asks_nobody_else(painter, tmp_path, width, dark):
    painter.screen(width, 800, dark=dark)
    painter.choose("door")
    painter.paint((3, 1))
    painter.settle()
    assert painter.run("return document.documentElement.scrollWidth <= innerWidth")
    painter.picture(tmp_path / "page.png")
    origin = painter.url.partition("/?")[0]
    assert all(name.startswith(f"{origin}/") for name in painter.requests())
    names = """const said = (node) => (node.labels && node.labels.length) || node.textContent.trim()
        || node.getAttribute('aria-label');
      return [...document.querySelectorAll('button, input, [role=option]')].filter((node) =>
        node.checkVisibility() && !said(node)).map((node) => node.outerHTML)"""
    assert painter.run(names) == []


def test_a_wrong_token_is_told_in_words(painter):
    painter.driver.get(painter.url.replace(TOKEN, "other"))
    painter.wait(lambda: "token" in painter.one("body").text)
    assert all("401" in entry["message"] for entry in painter.problems())
