"""How loops are compiled.

A first run waits for the compiler, so loops are written in what it is quick with: a loop in place of an assignment of
a slice (whose error message alone takes a second), and ``int(np.int64(0))`` where a count is handed on, since a
function is compiled once more for a literal 0.
"""

import numba

jit = numba.njit(nogil=True, cache=True, error_model="numpy")
"""Floating point as written: no reordering, no fused multiply-add; division by zero is not looked for."""

jit_finite = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"nnan", "nsz", "reassoc"})
"""For finite values of which only the extremes are asked: comparisons may be reordered and done several at a time."""

jit_sum = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"nsz", "reassoc", "contract"})
"""For long sums of which a rounding error is asked: terms may be added in another order, several at a time."""
