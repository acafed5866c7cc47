"""Why a network fails on a picture, as far as the words of its error tell, and what to do about it."""

from __future__ import annotations

import re

from unitscope.errors import one_line

SIZE = "is the input size right? --preprocess size=... sets it"
WRAP = "wrap it in a module whose forward takes a batch of pictures (N, 3, H, W)"
CAUSES = (
    (
        r"to have (\d+) channels?, but got 3|expected input\[.*\] to have (\d+) channels",
        "it takes inputs of {0} channels and pictures have 3: wrap it in a module that makes them of pictures",
    ),
    (
        r"missing \d+ required positional argument|got multiple values for argument|unexpected keyword argument",
        f"it takes more than one input: {WRAP}",
    ),
    (
        r"input_ids|You have to specify|string indices|argument of type 'Tensor' is not iterable",
        f"it takes other inputs than pictures: {WRAP}",
    ),
    (
        r"dtype|same type|scalar type|expected \w+ but found \w+|Input type",
        "its weights and values are of several types: bring it to one, as module.float() does",
    ),
    (r"torch\.?[Ss]cript|__torch__", "a scripted program hides its layers: give the module it was made from"),
)
"""What the words of an error say, and what follows from it."""


def why(error: BaseException) -> str:
    """Return the message of an error and what to do about it, which is the size of the input where nothing else is."""
    text = str(error)
    for words, advice in CAUSES:
        if found := re.search(words, text):
            given = next((group for group in found.groups() if group), "")
            return f"{one_line(error)}; {advice.format(given)}"
    return f"{one_line(error)}; {SIZE}"
