"""Recipes as JSON: what is written reads back the same, and what is none is refused in one line."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paint_cases import strokes

from unitscope.errors import UnitscopeError
from unitscope.paint.recipe import (
    MOST_BYTES,
    MOST_STROKES,
    GeneratorName,
    Latent,
    Recipe,
    read_recipe,
    write_recipe,
)

NAME = GeneratorName("tiny", "a" * 64)
LATENTS = st.recursive(
    st.builds(
        lambda seed, number: Latent(seed=seed, number=number),
        st.integers(0, 2**32 - 1),
        st.integers(0, 99_999),
    )
    | st.builds(lambda values: Latent(values=tuple(values)), st.lists(st.floats(-9, 9, width=32))),
    lambda inner: st.builds(
        lambda a, b, share: Latent(between=(a, b), share=share), inner, inner, st.floats(0, 1, width=32)
    ),
    max_leaves=4,
)
GOOD = {
    "unitscope": "paint", "version": 1, "generator": {"name": "g", "weights_hash": "0" * 64}, "layer": "units",
    "latent": {"seed": 0, "number": 12},
    "strokes": [
        {"tool": "draw", "concept": "object/door", "units": [3, 17], "level": "threshold", "path": [[100, 2000]],
         "radius": 200, "on": True},
        {"tool": "erase", "units": [5], "region": {"rows": 4, "columns": 4, "runs": [[0, 2], [5, 3]]}, "on": False},
    ],
}  # fmt: skip


@settings(max_examples=60)
@given(LATENTS.filter(lambda latent: latent.depth <= 4), st.lists(strokes(), max_size=4))
def test_what_is_written_reads_back_the_same(latent, drawn):
    recipe = Recipe("paint", 1, NAME, "layer4", latent, tuple(drawn))
    written = write_recipe(recipe)
    assert read_recipe(written) == recipe
    assert write_recipe(read_recipe(written)) == written
    assert [stroke["on"] for stroke in json.loads(written)["strokes"]] == [stroke.on for stroke in drawn]


def test_levels_keep_every_bit():
    levels = np.random.default_rng(0).standard_normal(20).astype(np.float32)
    strokes = [
        {"tool": "draw", "units": list(range(20)), "levels": levels.tolist(), "level": "0.99", "path": [[1, 2]],
         "radius": 3}
    ]  # fmt: skip
    again = read_recipe(write_recipe(read_recipe(json.dumps(GOOD | {"strokes": strokes}).encode())))
    assert np.array(again.strokes[0].levels, np.float32).tobytes() == levels.tobytes()


def changed(**stroke):
    first = GOOD["strokes"][0] | stroke
    return GOOD | {"strokes": [{name: value for name, value in first.items() if value is not None}]}


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        (GOOD | {"version": 2}, "Invalid enum value 2"),
        (GOOD | {"unitscope": "other"}, "Invalid enum value"),
        (GOOD | {"more": 1}, "unknown field `more`"),
        (GOOD | {"latent": {}}, "a latent is seed and number"),
        (GOOD | {"latent": {"seed": 0}}, "a latent is seed and number"),
        (GOOD | {"latent": {"seed": -1, "number": 0}}, "Expected `int` >= 0"),
        (GOOD | {"latent": {"values": [1e39]}}, "float32 cannot hold"),
        (
            GOOD | {"latent": {"between": [{"values": []}, {"values": []}], "share": 2}},
            "Expected `float` <= 1",
        ),
        (GOOD | {"generator": {"name": "g", "weights_hash": "../x"}}, "matching regex"),
        (GOOD | {"strokes": [GOOD["strokes"][0]] * (MOST_STROKES + 1)}, "length <= 2000"),
        (changed(tool="smudge"), "Invalid enum value 'smudge'"),
        (changed(units=[]), "length >= 1"),
        (changed(units=[1, 1]), "a unit is named twice"),
        (changed(units=[-1]), "Expected `int` >= 0"),
        (changed(path=[[0, 4097]]), r"Expected `int` <= 4096 - at `\$.strokes\[0\].path\[0\]\[1\]`"),
        (changed(path=[[0, 0]] * 4097), "length <= 4096"),
        (changed(path=[]), "length >= 1"),
        (changed(radius=None), "a stroke has path and radius, or a region"),
        (changed(region=GOOD["strokes"][1]["region"]), "a stroke has path and radius, or a region"),
        (changed(level=None), "draw needs a level"),
        (changed(levels=[1]), "1 levels are given for 2 units"),
        (changed(tool="erase"), "erase sets units to zero"),
        (
            changed(path=None, radius=None, region={"rows": 2, "columns": 2, "runs": [[3, 2]]}),
            "ends at cell 5 of 2x2",
        ),
        (
            changed(path=None, radius=None, region={"rows": 2, "columns": 2, "runs": [[1, 1], [0, 1]]}),
            "in order",
        ),
        (changed(path=None, radius=None, region={"rows": 9999, "columns": 2, "runs": []}), "<= 4096"),
    ],
)
def test_what_is_no_recipe_is_refused_in_one_line(recipe, says):
    with pytest.raises(UnitscopeError, match=says) as error:
        read_recipe(json.dumps(recipe).encode())
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a":' * 5000, b"[" * 100_000])
def test_what_is_no_json_is_refused_in_one_line(content):
    with pytest.raises(UnitscopeError, match="the recipe cannot be read: ") as error:
        read_recipe(content)
    assert "\n" not in str(error.value)


def test_deep_latents_and_large_recipes_are_refused():
    latent = {"seed": 0, "number": 0}
    for _ in range(5):
        latent = {"between": [latent, latent], "share": 0.5}
    with pytest.raises(UnitscopeError, match="at most 4 deep"):
        read_recipe(json.dumps(GOOD | {"latent": latent}).encode())
    with pytest.raises(UnitscopeError, match="at most 1,000,000 are read"):
        read_recipe(b" " * (MOST_BYTES + 1))


@settings(max_examples=200)
@given(st.data())
def test_any_spoilt_recipe_is_read_or_refused(data):
    """Bytes taken out, put in or changed anywhere: nothing but a recipe or one line comes of it."""
    content = bytearray(json.dumps(GOOD).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=6))
    lines = []
    try:
        read_recipe(bytes(content))
    except UnitscopeError as error:
        lines.append(str(error))
    assert all("\n" not in line for line in lines)
