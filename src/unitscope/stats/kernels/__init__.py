"""Compiled loops over (unit, picture, pixel): the only place where every pixel of every unit is touched.

The idea
    A raster is finer than an activation grid: 7x7 cells may be read at 112x112 points. What all statistics ask is
    which points are above a bound, and that is one point in a hundred. So every value is counted once
    (:func:`count_leading_digits`), the few cells that high points are blended from are copied out
    (:func:`collect`), and everything after that reads these *strong cells* alone, a unit and a picture at a time.

A worked example
    Two cells with values 2 and 10, read at four points of a picture that is 8 pixels wide. The cells' centres are
    at pixels 1.5 and 5.5, the points at 0.5, 2.5, 4.5 and 6.5. A raster axis holds, for each point, the cell below
    it, the cell above it and the weight of the upper one::

        lower  [0, 0,    0,    1]      value = a + weight * (b - a),  a = cells[lower], b = cells[upper]
        upper  [0, 1,    1,    1]
        weight [0, 0.25, 0.75, 0]      values  [2, 4, 8, 10]

    Above the bound 5 are points 2 and 3. Only the cell of 10 is above it, but point 2 also reads its neighbour 2:
    strong cells are those above the bound and their neighbours. Thresholds are found by counting keys: the bits of
    8 are 0x41000000; with the sign bit turned over (all bits, for a negative number), keys have the order of the
    numbers. The leading 12 bits of the key 0xC1000000 are 0xC10, those of 10 are 0xC12, and the histogram gets one
    in each.

Memory
    ``grids (n, U, h, w)`` float32 lie in one block, columns next to each other. Strong cells of all grids follow
    one another: unit by unit, and within it picture by picture and row by row, so that a thread walks through one
    stretch of memory. ``offsets (U, n + 1)`` tells where each grid's cells begin, ``positions`` the place of a cell
    in its grid, ``row * w + column``, in 16 bits where they suffice.

Why the order of operations matters
    Columns are blended first, then rows, each as ``a + weight * (b - a)`` in float32: the operations of
    :func:`unitscope.layer.grid.upsample` in the same order, without fused multiply-add. So a point has the same
    bits here as there, a loop over `upsample` counts the same integers, and neither batches nor threads change a
    result. A cell that lies outside of the grid is a zero of its own, column ``w`` or row ``h``.

What each kernel keeps to
    It works on units ``first`` to ``last``, writes to the rows of these alone and releases the interpreter lock, so
    blocks of units run at the same time (:func:`unitscope.stats.raster.over_unit_blocks`). It calls nothing
    compiled of another file: numba keeps compiled code until the function's own file changes, and would not notice.
"""

from unitscope.stats.kernels.alike import find_peaks, meet_each_other
from unitscope.stats.kernels.chance import match_best, meet_others
from unitscope.stats.kernels.digits import count_labels, count_leading_digits, find_rank
from unitscope.stats.kernels.labelled import count_listed, list_points
from unitscope.stats.kernels.pairs import meet
from unitscope.stats.kernels.resample import resample, resample_channels_last
from unitscope.stats.kernels.strong import (
    PackedCells,
    collect,
    collect_points,
    count_next_digits,
    intersect,
    intersect_by_picture,
    mark_above,
)

__all__ = [
    "PackedCells",
    "collect",
    "collect_points",
    "count_labels",
    "count_leading_digits",
    "count_listed",
    "count_next_digits",
    "find_peaks",
    "find_rank",
    "intersect",
    "intersect_by_picture",
    "list_points",
    "mark_above",
    "match_best",
    "meet",
    "meet_each_other",
    "meet_others",
    "resample",
    "resample_channels_last",
]
