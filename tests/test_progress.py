"""Progress where there is no terminal: lines for a command that takes long, silence for others and for a library."""

from __future__ import annotations

import json
import re

import pytest

from unitscope import progress
from unitscope.progress import Pace, in_lines, partly, piece_of, progress_bar, say, showing, told

pytestmark = pytest.mark.usefixtures("lines_of_progress")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_long_stage_is_a_line_soon_then_every_half_minute_and_at_the_end(clock, capsys):
    with in_lines(), progress_bar("reading", 2_000, done=1_000) as advance:
        say("a remark")
        for _ in range(50):
            clock[0] += 2
            advance(20, "half of them")
    assert capsys.readouterr().err.splitlines() == [
        "a remark",
        "reading: 1,040 of 2,000, half of them, about 2 minutes more",
        "reading: 1,340 of 2,000, half of them, about 66 s more",
        "reading: 1,640 of 2,000, half of them, about 36 s more",
        "reading: 1,940 of 2,000, half of them, about 6 s more",
        "reading: done in 2 minutes",
    ]


def test_a_command_that_takes_less_than_ten_seconds_prints_nothing(clock, capsys):
    with in_lines():
        for name in ("reading", "counting", "drawing"):
            with progress_bar(name, 30) as advance:
                say("a remark")
                for _ in range(30):
                    clock[0] += 0.1
                    advance(1)
    assert capsys.readouterr().err == ""


def test_short_stages_that_together_take_half_a_minute_are_told_of(clock, capsys):
    with in_lines():
        for number in range(9):
            with progress_bar(f"stage {number}", 8) as advance:
                for _ in range(8):
                    clock[0] += 1
                    advance(1)
    assert capsys.readouterr().err.splitlines() == [
        "stage 3: 6 of 8, about 2 s more",
        "stage 3: done in 8 s",
        "stage 7: 6 of 8, about 2 s more",
        "stage 7: done in 8 s",
    ]


def test_what_a_stage_amounts_to_is_said_once_with_what_follows(clock, capsys):
    def work(advance):
        for _ in range(10):
            clock[0] += 4
            advance(1)

    with in_lines(), progress_bar("removing", 10, cost="10 sets of units", then="a page") as advance:
        work(advance)
    assert capsys.readouterr().err.splitlines() == [
        "removing: 10 sets of units, about 32 s more, then a page",
        "removing: done in 40 s",
    ]
    with showing(True), progress_bar("removing", 10, cost="10 sets of units", then="a page") as advance:
        work(advance)
    assert re.findall(r"10 sets of units.*", capsys.readouterr().err) == [
        "10 sets of units, about 32 s more, then a page"
    ]


def test_a_slow_first_step_is_no_pace_and_a_changed_pace_is_followed(clock):
    pace = Pace(100, later=50)
    clock[0] += 20
    pace.advance(1)
    assert pace.left() is None, "loading and compiling say nothing of what follows"
    for _ in range(9):
        clock[0] += 1
        pace.advance(1)
    assert pace.left() == pytest.approx(90 + 50)
    for _ in range(40):
        clock[0] += 3
        pace.advance(1)
    assert pace.left() == pytest.approx(3 * (50 + 50)), "of the last half alone"


def test_one_step_that_takes_longer_than_half_a_minute_is_better_than_nothing(clock, capsys):
    with in_lines(), progress_bar("attacking", 3, done=1) as advance:
        clock[0] += 60
        advance(1)
        clock[0] += 60
        advance(1)
    assert capsys.readouterr().err.splitlines() == [
        "attacking: 2 of 3, about 60 s more",
        "attacking: done in 2 minutes",
    ]


def test_parts_of_a_piece_are_told_and_add_up_to_it(clock):
    partly(3)  # nobody listens
    steps: list[float] = []
    for parts in ([1 / 3] * 21, [1, 1], [4, 4, 4]):
        with piece_of(lambda count, _note="": steps.append(count), 7) as finish:
            for part in parts:
                partly(part)
            finish(7)
    assert sum(steps) == pytest.approx(3 * 7)
    assert steps[-3:] == [4, 3, 0], "no more than the piece holds"
    pace = Pace(7)
    for _ in range(21):
        clock[0] += 1
        pace.advance(1 / 3)
    assert pace.done == 7


def test_items_that_are_looped_over_are_told(clock):
    steps: list[int] = []
    assert list(told("abc", lambda count, _note="": steps.append(count))) == ["a", "b", "c"]
    assert steps == [1, 1, 1]


def test_a_library_and_a_quiet_command_print_nothing(clock, capsys):
    for show in (None, False):
        with showing(show), progress_bar("reading", 10) as advance:
            for _ in range(5):
                clock[0] += 100
                advance(1)
            say("a remark")
    with in_lines(), showing(False), progress_bar("reading", 10) as advance:
        for _ in range(5):
            clock[0] += 100
            advance(1)
    assert capsys.readouterr().err == ""


def test_lines_for_programs_are_objects(clock, capsys):
    with in_lines(as_json=True), progress_bar("reading", 2_000, done=1_000) as advance:
        say("a remark")
        for _ in range(50):
            clock[0] += 2
            advance(20, "half of them")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert lines[0] == {"note": "a remark"}
    assert lines[2] == {
        "stage": "reading", "done": 1340, "total": 2000, "seconds": 34.0, "seconds_left": 66.0
    }  # fmt: skip
    assert lines[-1] == {
        "stage": "reading", "done": 2000, "total": 2000, "seconds": 100.0, "seconds_left": 0.0
    }  # fmt: skip
    assert {line["stage"] for line in lines[1:]} == {"reading"}


def test_names_are_shown_as_they_are_written(capsys):
    with showing(True), progress_bar("layer [b]", 1) as advance:
        say("waiting for /data/:car:/[b]run[/b]")
        advance(1, ":car:")
    said = capsys.readouterr().err
    assert "waiting for /data/:car:/[b]run[/b]" in said
    assert "layer [b], :car:" in said
