"""Names of layers, concepts and classes become names of files that every system takes and that stay apart."""

import re

import numpy as np
import pytest

from unitscope.experiments.attack.attempts import attacked_path
from unitscope.run.slugs import LONGEST, distinct_slugs, slug

NAMES = [
    *("a.b", "A.B", "a/b", "a b", "../..", "", ".", "crane", "crane", "x" * 300, "x" * 301),
    *("厨房", "卧室", "café", "caf", "[/b]", "a\nb", "\udcff", "é" * 300, "con:1", "$(rm -rf)"),
]


def test_slugs_are_plain_and_distinct():
    slugs = distinct_slugs(NAMES)
    assert len({found.lower() for found in slugs}) == len(NAMES)
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", found) for found in slugs)
    assert max(map(len, slugs)) <= LONGEST + 3


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("features.3",), "features.3"),
        (("relu4_3", "zero"), "relu4_3-zero"),
        (("insert", "traffic light"), "insert-traffic-light"),
        (("church/indoor",), "church-indoor"),
        (("", "gray"), "gray"),
    ],
)
def test_plain_names_stay_readable(words, expected):
    assert slug(*words) == expected


@pytest.mark.parametrize("name", ["aux", "AUX", "con.3", "nul", "com1", "lpt9.weight"])
def test_no_name_is_a_device_of_windows(name):
    assert slug(name).split(".")[0].lower() not in (name.lower(), name.split(".")[0].lower())
    assert slug(name).lower().startswith(name.split(".")[0].lower() + "-")
    assert slug("aux1", name).startswith("aux1-")


def test_names_of_other_alphabets_and_long_ones_stay_apart():
    assert slug("厨房") != slug("卧室")
    assert slug("remove", "厨房").startswith("remove-")
    assert slug("x" * 300) != slug("x" * 301)
    assert slug("厨房") == slug("厨房")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/b.jpg", "attacked/coast/a/b.jpg.png"),
        ("../b.jpg", "attacked/coast/000007.png"),
        ("a/" + "é" * 130, "attacked/coast/000007.png"),
        ("what?.jpg", "attacked/coast/000007.png"),
    ],
)
def test_attacked_copies_are_called_as_their_pictures_where_that_can_be(name, expected):
    assert attacked_path(int(np.int64(7)), name, "coast") == expected
