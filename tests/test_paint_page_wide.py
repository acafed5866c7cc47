"""The page that paints on pictures that are not square: with many concepts and units, and with photographs."""

import msgspec
import numpy as np
import pytest
from browser import driver  # noqa: F401
from paint_page import Served, entering, served, stroke_of  # noqa: F401
from PIL import Image
from wide_generator import GRID, SIZE, wide_run

from unitscope.paint.cells import touched
from unitscope.paint.photo import Cancelled, Progress
from unitscope.paint.recipe import Latent
from unitscope.paint.studio import Studio

CONCEPTS = 1_000


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return wide_run(tmp_path_factory.mktemp("wide") / "run")


@pytest.fixture(scope="module")
def studio(run):
    return Studio.open(run, "units", device="cpu", units=200)


@pytest.fixture
def painter(driver, served, studio):  # noqa: F811
    found = entering(driver, served, studio, 2)
    yield found
    assert found.problems() == []


def test_a_place_of_a_picture_that_is_not_square_is_the_cell_below_the_pointer(painter):
    box = painter.one("#stage").size
    assert box["width"] / box["height"] == pytest.approx(SIZE[1] / SIZE[0], rel=0.02)
    painter.brush_to_a_point()
    for row, column in ((0, 8), (3, 0), (2, 6)):
        painter.paint((row, column))
        painter.settle()
        (stroke,) = painter.recipe()["strokes"][-1:]
        assert np.argwhere(touched(stroke_of(stroke), GRID)).tolist() == [[row, column]]
    assert len(painter.recipe()["strokes"]) == 3


def test_two_hundred_units_are_one_stroke(painter):
    painter.run(
        "const u = document.getElementById('units'); u.value = u.max; u.dispatchEvent(new Event('input'))"
    )
    painter.paint((1, 1), (1, 4), (2, 7))
    painter.settle()
    (stroke,) = painter.recipe()["strokes"]
    assert len(stroke["units"]) == 200
    assert (painter.seen() != painter.studio.canvas.picture(Latent(seed=3, number=2))).any()


@pytest.fixture(scope="module")
def crowded(run):
    """The same, as if its units detected a thousand concepts, each of them by 200 units."""
    studio = Studio.open(run, "units", device="cpu", units=200)
    entry = studio.said.palette[0]
    palette = tuple(
        msgspec.structs.replace(entry, key=f"object/concept {n}", name=f"concept {n}", category="object")
        for n in range(CONCEPTS)
    )
    studio.__dict__["said"] = msgspec.structs.replace(studio.said, palette=palette)
    made = Served(studio)
    yield made, studio
    made.close()


def test_a_thousand_concepts_are_searched_and_only_what_is_looked_at_is_drawn(driver, crowded):  # noqa: F811
    painter = entering(driver, *crowded, 2)
    rows = lambda: len(painter.all("#concepts [role=option]"))  # noqa: E731
    assert painter.one("#concepts-count").text == "1,000 concepts"
    first = rows()
    assert first < CONCEPTS / 5
    field = painter.one("#search")
    field.send_keys("concept 99")
    painter.wait(lambda: painter.one("#concepts-count").text == "11 of 1,000")
    names = [each.text.split("\n")[0] for each in painter.all("#concepts [role=option]")]
    assert names == ["concept 99", *(f"concept {n}" for n in range(990, 1000))]
    field.clear()
    field.send_keys("x")
    painter.wait(lambda: painter.one("#concepts-count").text == "0 of 1,000")
    assert "No concept of this name" in painter.one("#concepts").text
    painter.run("const s = arguments[0]; s.value = ''; s.dispatchEvent(new Event('input'))", field)
    painter.wait(lambda: rows() == first)
    painter.run("document.getElementById('concepts').scrollTop = 1e9")
    painter.wait(lambda: first < rows() < CONCEPTS)
    painter.one("#concepts").send_keys(*["\ue010"])  # End
    painter.wait(lambda: painter.one("#concepts [aria-selected=true]").text.startswith("concept 999"))
    painter.paint((1, 1))
    painter.settle()
    (stroke,) = painter.recipe()["strokes"]
    assert (stroke["concept"], len(stroke["units"])) == ("object/concept 999", 200)
    assert painter.problems() == []


def test_a_photograph_is_found_and_painted_on(painter, tmp_path):
    drawn = painter.studio.canvas.picture(Latent(seed=8, number=5))
    # Higher than the generator's pictures: the part in the middle is looked for.
    tall = np.full((64, *drawn.shape[1:]), 255, np.uint8)
    tall[24:40] = drawn
    Image.fromarray(tall).save(tmp_path / "photo.png")
    painter.one("#photo").click()
    painter.wait(lambda: painter.one("#photo-dialog").is_displayed())
    painter.one("#photo-file").send_keys(str(tmp_path / "photo.png"))
    painter.wait(lambda: "Mean difference" in painter.one("#photo-body").text)
    error = float(painter.one("#photo-body").text.split("Mean difference ")[1].split(" of 255")[0])
    captions = [each.text for each in painter.all("#photo-body figcaption")]
    assert captions == ["photograph", "as the generator draws it", "difference"]
    painter.picture(tmp_path / "dialog.png")
    for shown in painter.all("#photo-body img, #photo-body canvas"):
        assert shown.size["width"] / shown.size["height"] == pytest.approx(SIZE[1] / SIZE[0], rel=0.02)
    next(each for each in painter.all("#photo-body button") if each.text == "Paint on it").click()
    painter.settle()
    assert len(painter.recipe()["latent"]["values"]) == 6
    assert np.abs(painter.seen().astype(float) - drawn).mean() == pytest.approx(error, abs=0.06)
    assert error < 5
    painter.paint((1, 1))
    painter.settle()
    assert len(painter.recipe()["strokes"]) == 1


def test_what_is_no_photograph_is_told_in_one_line(painter, tmp_path):
    (tmp_path / "photo.png").write_text("no picture")
    painter.one("#photo").click()
    painter.one("#photo-file").send_keys(str(tmp_path / "photo.png"))
    line = painter.wait(lambda: painter.one("#photo-body [role=alert]")).text
    assert line
    assert "\n" not in line
    painter.one("#photo-dialog [data-close]").click()
    assert not painter.one("#photo-dialog").is_displayed()
    assert all("400 (Bad Request)" in entry["message"] for entry in painter.problems())


def test_a_search_shows_how_far_it_is_and_is_cancelled(driver, studio, tmp_path):  # noqa: F811
    ended = []

    def endless(generator, picture, *, seed=0, report, cancelled):
        while not cancelled():
            report(Progress(0.25, 31.5, "making the best one better"))
        ended.append(True)
        raise Cancelled

    made = Served(studio, find=endless)
    try:
        painter = entering(driver, made, studio, 2)
        Image.new("RGB", (36, 16)).save(tmp_path / "photo.png")
        painter.one("#photo").click()
        painter.one("#photo-file").send_keys(str(tmp_path / "photo.png"))
        painter.wait(lambda: "25" in painter.one("#photo-body [role=status]").text)
        assert "31.5 of 255" in painter.one("#photo-body [role=status]").text
        assert painter.one("#photo-body progress").get_attribute("value") == "0.25"
        next(each for each in painter.all("#photo-body button") if each.text == "Cancel").click()
        painter.wait(lambda: ended)
        assert painter.all("#photo-body progress") == []
        assert painter.problems() == []
    finally:
        made.close()
