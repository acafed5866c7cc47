"""Requests are read as if each were the first, whatever was read before."""

from __future__ import annotations

import json

import pytest

from unitscope.errors import UnitscopeError
from unitscope.paint.asked import KNOWN_BYTES, Ask, AskCell, AskPicture, AskPlace, AskReader, AskUnit
from unitscope.paint.recipe import MOST_STROKES, read_json

LATENT = {"seed": 1, "number": 2}
ERASE = {"tool": "erase", "units": [3, 1], "path": [[0, 0], [9, 4096]], "radius": 12}
DRAW = {"tool": "draw", "units": [5], "level": "0.999", "region": {"rows": 2, "columns": 2, "runs": [[1, 2]]}}

GOOD = [
    (Ask, {"latent": LATENT}),
    (Ask, {"latent": LATENT, "strokes": []}),
    (Ask, {"latent": {"values": [0.5, -1]}, "strokes": [ERASE, DRAW, ERASE]}),
    (AskPicture, {"latent": LATENT, "strokes": [DRAW | {"on": False}], "size": 12}),
    (AskPlace, {"latent": LATENT, "strokes": [DRAW], "x": 1, "y": 4096}),
    (AskCell, {"latent": LATENT, "row": 0, "column": 3}),
    (AskUnit, {"latent": LATENT, "strokes": [ERASE] * MOST_STROKES, "unit": 7}),
]
BAD = [
    b"",
    b"[]",
    b"{",
    b'{"latent": {"seed": 1, "number": 2}, "strokes": {}}',
    b'{"latent": {"seed": 1, "number": 2}, "strokes": null}',
    b'{"latent": {"seed": 1, "number": 2}, "strokes": [\xff]}',
    b'{"latent": {"seed": 1, "number": 2}, "strokes": [' + b"[" * 5000 + b"]" * 5000 + b"]}",
    *(
        json.dumps(each).encode()
        for each in (
            {},
            {"strokes": [ERASE]},
            {"latent": LATENT, "more": 1},
            {"latent": LATENT | {"share": 1}, "strokes": [ERASE]},
            {"latent": LATENT, "strokes": [ERASE, ERASE | {"radius": 5000}]},
            {"latent": LATENT, "strokes": [ERASE, DRAW | {"level": None}]},
            {"latent": LATENT, "strokes": [ERASE | {"colour": 1}]},
            {"latent": LATENT, "strokes": [ERASE] * (MOST_STROKES + 1)},
            {"latent": LATENT, "strokes": [ERASE | {"concept": "x" * 1_000_000}]},
        )
    ),
]


def test_what_was_read_before_changes_nothing() -> None:
    reader = AskReader()
    for _ in range(2):
        for kind, asked in GOOD:
            for content in (json.dumps(asked).encode(), json.dumps(asked, indent=1).encode()):
                found = reader.read(content, kind)
                assert type(found) is kind
                assert found == read_json(content, kind)


@pytest.mark.parametrize("content", BAD, ids=range(len(BAD)))
def test_what_cannot_be_read_is_refused_with_the_line_of_the_whole(content: bytes) -> None:
    reader = AskReader()
    reader.read(json.dumps({"latent": LATENT, "strokes": [ERASE, DRAW]}).encode(), Ask)
    with pytest.raises(UnitscopeError) as expected:
        read_json(content, Ask)
    with pytest.raises(UnitscopeError) as found:
        reader.read(content, Ask)
    assert str(found.value) == str(expected.value)


def test_a_stroke_that_was_read_is_the_same_object() -> None:
    reader = AskReader()
    first = reader.read(json.dumps({"latent": LATENT, "strokes": [ERASE]}).encode(), Ask)
    second = reader.read(json.dumps({"latent": LATENT, "strokes": [ERASE, DRAW]}).encode(), Ask)
    assert second.strokes[0] is first.strokes[0]


@pytest.mark.parametrize(
    "stroke",
    [
        "{" + " " * 900_000 + json.dumps(ERASE)[1:],
        json.dumps(ERASE | {"units": list(range(60_000))}),
        json.dumps(
            DRAW | {"region": {"rows": 4096, "columns": 4096, "runs": [[2 * n, 1] for n in range(50_000)]}}
        ),
    ],
    ids=("padded", "units", "region"),
)
def test_what_is_remembered_is_bounded_whatever_makes_a_stroke_large(stroke: str) -> None:
    reader = AskReader()
    for number in range(60):
        one = stroke.replace('"tool"', " " * number + '"tool"', 1)
        content = f'{{"latent": {json.dumps(LATENT)}, "strokes": [{one}]}}'.encode()
        assert reader.read(content, Ask).strokes
    assert reader._known.bytes <= KNOWN_BYTES
    assert sum(map(len, reader._known.keys())) <= KNOWN_BYTES
