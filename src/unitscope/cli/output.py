"""Print lines for people and JSON for programs."""

from __future__ import annotations

import json
import sys


def print_json(facts: object) -> None:
    """Print one JSON document in a line; of records, their fields."""
    print_lines(json.dumps(facts, default=vars))


def print_lines(*lines: str) -> None:
    """Print lines as they are."""
    sys.stdout.write("\n".join(lines) + "\n")
