"""What the tests of effects share: the same tables to the bit, and a kill after every shard."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.stats import t
from tiny import tables_of

from unitscope.run.folder import RunFolder


class Killed(BaseException):
    """Stands for a signal."""


def skew_corrected(above, below, *, fewest: int = 6, within=(-np.inf, np.inf)) -> tuple[float, float]:
    """The interval of a ratio of sums over latents, where Hall's transformed statistic is Student's quantile."""
    above, below = np.asarray(above, float), np.broadcast_to(np.asarray(below, float), len(above))
    holding = int((below > 0).sum())
    ratio = above.sum() / below.sum()
    left = above - ratio * below
    if min((above != 0).sum(), holding) < fewest or np.allclose(left, 0):
        return np.nan, np.nan
    error = np.sqrt((left**2).sum() * holding / (holding - 1)) / below.sum()
    skew = (left**3).sum() / (left**2).sum() ** 1.5

    def transformed(truth: float) -> float:
        seen = (ratio - truth) / error
        return seen + skew * seen**2 / 3 + skew**2 * seen**3 / 27 + skew / 6

    quantile = t.ppf(0.975, holding - 1)
    low, high = (
        brentq(
            lambda truth, q=q: transformed(truth) - q, ratio - 1e3 * error, ratio + 1e3 * error, xtol=1e-15
        )
        for q in (quantile, -quantile)
    )
    return max(low, within[0]), min(high, within[1])


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
