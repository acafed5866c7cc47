"""Cells under a stroke, against the definition in whole numbers; pictures of any shape."""

import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paint_cases import places, regions

from unitscope.paint.cells import mask_of, region_of, touched
from unitscope.paint.changes import took
from unitscope.paint.recipe import SCALE, Region, Stroke

GRIDS = st.sampled_from([(1, 1), (4, 4), (8, 8), (5, 7), (9, 3), (37, 16)])
COARSE = st.integers(0, 64).map(lambda number: number * SCALE // 64)
"""Places on which centres of cells and edges of brushes meet exactly."""


def stroke(path, radius=0):
    return Stroke("erase", (0,), path=tuple(path), radius=radius)


def near(place, start, end, radius):
    """Whether a place is within the radius of a piece of a path, in fractions."""
    along = [b - a for a, b in zip(start, end, strict=True)]
    away = [p - a for p, a in zip(place, start, strict=True)]
    length = sum(each**2 for each in along)
    share = sum(a * b for a, b in zip(along, away, strict=True)) / Fraction(length) if length else Fraction(0)
    share = min(max(share, Fraction(0)), Fraction(1))
    return sum((a - share * b) ** 2 for a, b in zip(away, along, strict=True)) <= radius**2


def defined(path, radius, grid):
    rows, columns = grid
    found = np.zeros(grid, bool)
    for row in range(rows):
        for column in range(columns):
            centre = (
                Fraction((2 * column + 1) * SCALE, 2 * columns),
                Fraction((2 * row + 1) * SCALE, 2 * rows),
            )
            pieces = zip(path, [*path[1:], path[-1]], strict=True)
            found[row, column] = any(near(centre, *piece, radius) for piece in pieces)
    for x, y in path:
        found[min(y * rows // SCALE, rows - 1), min(x * columns // SCALE, columns - 1)] = True
    return found


@settings(max_examples=150)
@given(st.data(), GRIDS)
def test_a_brush_touches_what_its_definition_says(data, grid):
    each = data.draw(st.sampled_from([places, COARSE]))
    path = data.draw(st.lists(st.tuples(each, each), min_size=1, max_size=3))
    radius = data.draw(st.one_of(st.just(0), each))
    assert (touched(stroke(path, radius), grid) == defined(path, radius, grid)).all()


def test_a_stroke_of_one_piece_after_the_other_touches_what_its_pieces_do():
    path = [(0, 0), (4096, 4096), (100, 4000), (100, 4000), (2000, 1), (7, 3)] * 300
    whole = touched(stroke(path, 60), (64, 64))
    parts = [touched(stroke(path[n : n + 2], 60), (64, 64)) for n in range(6)]
    assert (whole == np.any(parts, axis=0)).all()


def test_the_edge_of_a_brush_that_meets_a_centre_touches_it():
    # Centres of an 8x8 grid are 256, 768, ...
    assert np.argwhere(touched(stroke([(256, 256)], 512), (8, 8))).tolist() == [[0, 0], [0, 1], [1, 0]]
    assert touched(stroke([(256, 256)], 511), (8, 8)).sum() == 1
    assert touched(stroke([(256, 256), (3840, 256)], 512), (8, 8))[1].all()
    assert not touched(stroke([(256, 256), (3840, 256)], 511), (8, 8))[1].any()


def test_the_far_edges_lie_in_the_last_cells():
    assert touched(stroke([(SCALE, SCALE)]), (3, 4))[2, 3]
    assert touched(stroke([(0, 0)]), (3, 4))[0, 0]


@given(regions())
def test_a_region_on_its_own_grid_is_itself(region):
    grid = region.rows, region.columns
    drawn = Stroke("erase", (0,), region=region)
    assert (touched(drawn, grid) == mask_of(region)).all()
    assert region_of(mask_of(region)) == Region(*grid, tuple(merged(region.runs)))


def merged(runs):
    found = []
    for start, length in runs:
        if found and sum(found[-1]) == start:
            found[-1] = found[-1][0], found[-1][1] + length
        else:
            found.append((start, length))
    return found


@given(regions(), GRIDS)
def test_a_region_touches_cells_by_centres_both_ways(region, grid):
    inside, expected = mask_of(region), np.zeros(grid, bool)

    def at(cell, cells, other):
        return (2 * cell + 1) * other // (2 * cells)

    for row, column in np.ndindex(grid):
        expected[row, column] = inside[at(row, grid[0], region.rows), at(column, grid[1], region.columns)]
    for row, column in np.argwhere(inside):
        expected[at(row, region.rows, grid[0]), at(column, region.columns, grid[1])] = True
    assert (touched(Stroke("erase", (0,), region=region), grid) == expected).all()


@pytest.mark.slow
def test_the_longest_stroke_on_the_largest_grid_takes_seconds():
    random = np.random.default_rng(0)
    path = [tuple(map(int, place)) for place in random.integers(0, SCALE + 1, (4096, 2))]
    start = time.process_time()
    assert touched(stroke(path, 40), (1024, 1024)).any()
    assert time.process_time() - start < 60


def test_a_stroke_took_by_what_came_or_went_also_where_as_much_comes_elsewhere():
    was = np.array([True] * 4 + [False] * 8)
    now = np.array([False] * 2 + [True] * 4 + [False] * 6)
    assert was.sum() == now.sum()
    assert took("erase", was, now)
    assert took("draw", was, now)
    assert not took("draw", was, was)
    assert not took("erase", ~was & False, now)
