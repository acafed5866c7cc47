"""What the tests of effects share: the same tables to the bit, and a kill after every shard."""

from __future__ import annotations

import pandas as pd
import pytest
from tiny import tables_of

from unitscope.run.folder import RunFolder


class Killed(BaseException):
    """Stands for a signal."""


def assert_same_tables(one, other) -> None:
    """Both folders hold the same tables and pictures."""
    first, second = tables_of(one), tables_of(other)
    assert first.keys() == second.keys()
    assert first
    for name, table in first.items():
        pd.testing.assert_frame_equal(table, second[name], check_exact=True)
    for picture in (one / "pictures").iterdir():
        assert picture.read_bytes() == (other / "pictures" / picture.name).read_bytes()


def assert_survives_every_kill(ask, whole, place, monkeypatch, *, shards: int) -> None:
    """Ask, be killed after each shard in turn, ask again: the same tables as `whole`."""
    commit = RunFolder.commit_shard
    for kill in range(shards):
        out = place / str(kill)

        def commit_and_die(folder, shard, arrays, *, note, kill=kill):
            commit(folder, shard, arrays, note=note)
            if shard == kill:
                raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(RunFolder, "commit_shard", commit_and_die)
            with pytest.raises(Killed):
                ask(out)
        assert len(list((out / "shards").iterdir())) == kill + 1
        found = ask(out)
        assert len(list((out / "shards").iterdir())) == shards
        assert_same_tables(whole, found.path)
