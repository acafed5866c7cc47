"""How pages are filled, and how they write numbers and dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import jinja2


def fill(template: str, **facts: Any) -> str:
    """Return the text of a page, given what its template (`templates/<template>`) says of the run."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("unitscope.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "integer": integer, "date": date, "value": value}
    return environment.get_template(template).render(**facts)


def percent(share: float, digits: int = 0) -> str:
    """Return a share as a percentage: `4 %`, with more digits where it would lose its value."""
    text = f"{100 * share:.{digits}f}" if digits else f"{100 * share:.3g}"
    return f"{text}\u202f%"


def integer(number: float) -> str:
    """Return an integer with thousands apart."""
    return f"{int(number):,}"


def date(text: str) -> str:
    """Return an ISO time as `4 March 2026, 10:20 UTC`, or as it is if it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    zone = f" {moment.tzname()}" if moment.tzinfo else ""
    return f"{moment.day} {moment:%B %Y, %H:%M}{zone}"


def value(item: Any) -> str:
    """Return a value of the manifest in plain words."""
    if isinstance(item, bool) or item is None:
        return {True: "yes", False: "no", None: "none"}[item]
    if isinstance(item, Mapping):
        return ", ".join(f"{key} {value(inner)}" for key, inner in item.items()) or "none"
    if isinstance(item, (list, tuple)):
        return ", ".join(value(inner) for inner in item) or "none"
    return f"{item:g}" if isinstance(item, float) else str(item)
