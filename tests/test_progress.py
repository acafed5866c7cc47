"""Progress where there is no terminal: lines for a command, silence for a library."""

from __future__ import annotations

import pytest

from unitscope import progress
from unitscope.progress import in_lines, progress_bar, say, showing


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_command_prints_a_line_at_the_start_every_half_minute_and_at_the_end(clock, capsys):
    with in_lines(), progress_bar("reading", 2_000, done=1_000) as advance:
        for _ in range(10):
            clock[0] += 10
            advance(100, "half of them")
    assert capsys.readouterr().err.splitlines() == [
        "reading: 1,000 of 2,000",
        "reading: 1,300 of 2,000, half of them, about 70 s more",
        "reading: 1,600 of 2,000, half of them, about 40 s more",
        "reading: 1,900 of 2,000, half of them, about 10 s more",
        "reading: done in 2 minutes",
    ]


def test_a_short_stage_is_one_line(clock, capsys):
    with in_lines(), progress_bar("reading", 10) as advance:
        advance(10)
        say("a remark")
    assert capsys.readouterr().err == "reading: 10\na remark\n"


def test_a_library_and_a_quiet_command_print_nothing(clock, capsys):
    for show in (None, False):
        with showing(show), progress_bar("reading", 10) as advance:
            clock[0] += 100
            advance(10)
            say("a remark")
    with in_lines(), showing(False), progress_bar("reading", 10) as advance:
        clock[0] += 100
        advance(5)
    assert capsys.readouterr().err == ""
