"""How loops are compiled."""

import numba

jit = numba.njit(nogil=True, cache=True, error_model="numpy")
"""Floating point as written: no reordering, no fused multiply-add; division by zero is not looked for."""

jit_finite = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"nnan", "nsz", "reassoc"})
"""For finite values of which only the extremes are asked: comparisons may be reordered and done several at a time."""

jit_sum = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"nsz", "reassoc", "contract"})
"""For long sums of which a rounding error is asked: terms may be added in another order, several at a time."""
