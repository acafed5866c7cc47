"""What people named (layers, concepts, classes) becomes names of files and folders that every system takes."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable

LONGEST = 80
"""Characters of a name; file systems take 255 bytes for a file with all its endings."""

DEVICES = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)),
}
"""What Windows takes for a device, with any ending."""

_OTHERS = re.compile(r"[^A-Za-z0-9._-]+")


def slug(*words: str) -> str:
    """Return words as one name of letters, digits, dot, dash and underscore.

    Runs of other characters become a dash. A name that lost letters of other alphabets by that, that is too long, or
    that would be a device on Windows, ends with the CRC-32 of the words, so that it still tells them from others.
    """
    full = "-".join(words)
    parts = (_OTHERS.sub("-", word).strip("-.") for word in words)
    short = "-".join(part for part in parts if part)
    device = short.split(".")[0].lower() in DEVICES
    if short and len(short) <= LONGEST and full.isascii() and not device:
        return short
    short = short.replace(".", "-") if device else short
    mark = f"{zlib.crc32(full.encode('utf-8', 'surrogatepass')):08x}"
    return "-".join(part for part in (short[: LONGEST - len(mark) - 1].rstrip("-."), mark) if part)


def distinct_slugs(names: Iterable[str]) -> list[str]:
    """Return a slug for each name in turn; they are distinct even where capitals and small letters are the same."""
    slugs: list[str] = []
    taken: set[str] = set()
    for name in names:
        base = found = slug(name)
        number = 2
        while found.lower() in taken:
            found, number = f"{base}-{number}", number + 1
        taken.add(found.lower())
        slugs.append(found)
    return slugs
