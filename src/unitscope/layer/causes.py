"""Why a network fails on a picture, as far as the words of its error tell, and what to do about it."""

from __future__ import annotations

import re

from unitscope.errors import one_line

SIZE = "is the input size right? --preprocess size=... sets it"
OWN = "a mistake in its own code; --debug shows where"
CALL = "--forward FILE.py:FUNCTION says how it is given a batch of pictures"
GRAY = "it takes inputs of 1 channel and pictures have 3: --preprocess channels=gray makes one of them"
COLORS = "it takes inputs of 3 channels and gray pictures have 1: leave channels=gray out"
CHANNELS = (
    "it takes inputs of {0} channels and pictures have {1}: wrap it in a module that makes them of pictures"
)
CAUSES = (
    (r"to have 1 channels?, but got 3|xpected 1 but got 3|should contain 3 elements not 1\b", GRAY),
    (r"to have 3 channels?, but got 1 |xpected 3 but got 1\b|should contain 1 elements not 3\b", COLORS),
    (
        r"to have (\d+) channels?, but got ([13]) |xpected (\d+) but got ([13])\b",
        CHANNELS,
    ),
    (
        r"should contain 3 elements not (\d+)"
        r"|of tensor a \(3\) must match the size of tensor b \((\d+)\) at non-singleton dimension 1\b",
        CHANNELS.replace("{1}", "3"),
    ),
    (
        r"channel dimension of the pixel values",
        "it takes inputs of another number of channels than pictures have, which is 3, or 1 with --preprocess "
        "channels=gray",
    ),
    (
        r"missing \d+ required positional argument|got multiple values for argument|unexpected keyword argument",
        f"it takes more than one input: {CALL}",
    ),
    (
        r"input_ids|You have to specify|string indices|argument of type 'Tensor' is not iterable",
        f"it takes other inputs than pictures: {CALL}",
    ),
    (
        r"dtype|same type|scalar type|expected \w+ but found \w+|Input type",
        "its weights and values are of several types: bring it to one, as module.float() does",
    ),
    (r"torch\.?[Ss]cript|__torch__", "a scripted program hides its layers: give the module it was made from"),
)
"""What the words of an error say, and what follows from it."""


def why(error: BaseException) -> str:
    """Return the message of an error and what to do about it: of one about shapes that is the size of the input."""
    text = str(error)
    for words, advice in CAUSES:
        if found := re.search(words, text):
            return f"{one_line(error)}; {advice.format(*filter(None, found.groups()))}"
    # What is about shapes comes as one of these; a missing name is a mistake in the network itself.
    of_shapes = isinstance(error, RuntimeError | ValueError | AssertionError | IndexError)
    return f"{one_line(error)}; {SIZE if of_shapes else OWN}"
