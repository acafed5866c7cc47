"""The page of attacks: pictures and copies, the change of units (fig. 5), and what follows when units are exchanged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from unitscope.report.charts.curve import curves
from unitscope.report.charts.dots import interval_dots
from unitscope.report.charts.parts import Figure, Measure, percent
from unitscope.report.charts.theme import COLORS
from unitscope.report.data import records
from unitscope.report.pages.attacked import draw_examples
from unitscope.report.pages.numbers import interval_of, shown
from unitscope.report.pages.questions import Kind, Page, write_page
from unitscope.run.attack import Attack
from unitscope.run.numbers import percent_score
from unitscope.run.question_summaries import ALL_TARGETS, AttackSummary

METHODS = {
    "cw": "Carlini and Wagner, L2",
    "ddn": "decoupled direction and norm, L2",
    "pgd": "projected gradient descent",
    "elsewhere": "pictures attacked elsewhere",
}
GROUP_COLORS = {"target": COLORS[1], "source": COLORS[0], "random": COLORS[6], "other": COLORS[4]}
UNIT_COLORS = {"important": COLORS[1], "random": COLORS[6]}
MEASURES = {
    "absolute": ("absolute", "Absolute change of the peak", "mean absolute change of the peak"),
    "spreads": (
        "absolute_in_spreads",
        "The same in units of each unit\u2019s spread",
        "mean absolute change, standard deviations of the peak",
    ),
    "signed": ("signed_in_spreads", "Signed change", "mean change, standard deviations of the peak"),
}
EXCHANGES = {
    "undone": ("Attacks undone by original activation of some units", "share of attacks undone"),
    "carried": ("Attacks carried by attacked activation of some units", "share of attacks carried"),
}


def write_attack_page(found: Attack) -> Path:
    """Write the page of attacks, see :func:`write_page`."""
    return write_page(found, ATTACK)


def attack_page(found: Attack, folder: Path) -> Page:
    """Draw the examples into the folder of the page; return what it says, and the figures."""
    facts = found.summary
    everything = facts.targets[0]
    said: dict[str, object] = {
        "method": METHODS.get(facts.method, facts.method),
        "won": everything.won,
        "tried": everything.tried,
        "verdict": _verdict(facts),
        "tiles": _tiles(facts),
        "targets": _targets(found.targets),
        "examples": draw_examples(found, folder),
        "changes": _changes(found.changes, facts.top),
        "curves": _curves(found.curves),
        "auroc": shown(interval_of(facts.auroc, "value", "low", "high"), 3, scale=1),
        "auroc_in_spreads": shown(interval_of(facts.auroc_in_spreads, "value", "low", "high"), 3, scale=1),
        "skipped": [("", each.id, each.reason) for each in facts.skipped[:200]],
    }
    return said, attack_figures(found)


def attack_title(found: Attack) -> str:
    """Return what was attacked, in a few words."""
    facts = found.summary
    names = [each.target for each in facts.targets if each.target != ALL_TARGETS]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{facts.model} attacked to see {', '.join(names[:3])}{more}"


def _verdict(facts: AttackSummary) -> str:
    values = {each.group: each.absolute_in_spreads.value for each in facts.changes}
    best = [values["target"], values["source"]]
    other = values["other"]
    if None in best:
        return "cannot be judged: no attack was won."
    if other is None:
        return "are all units of the layer, so that there are no others."
    least = min(each for each in best if each is not None)
    if other == 0 or least == 0:
        return "or the others do not move."
    return (
        f"change their peak {least / other:.1f} times as much as the others or more, in spreads of each unit."
    )


def attack_figures(found: Attack) -> Mapping[str, Figure]:
    """Draw the change of the peak by group of units (fig. 5C), and the shares of attacks undone and carried."""
    facts = found.summary
    note = f"{facts.targets[0].won:,} attacks; lines and bands: 99 % over pictures"
    if not facts.targets[0].won:
        return {}
    figures = {name: Figure(_change_chart(found, *said), said[1], note) for name, said in MEASURES.items()}
    for kind, (title, label) in EXCHANGES.items():
        figures[kind] = Figure(_exchange_chart(found.curves, kind, label), title, note)
    return figures


def _change_chart(found: Attack, measure: str, _title: str, label: str) -> object:
    names = group_names(found.summary.top)
    rows = found.changes[(found.changes["measure"] == measure) & found.changes["value"].notna()]
    rows = rows.assign(name=rows["target"], series=rows["group"].map(names), sure=True)
    colors = {names[group]: color for group, color in GROUP_COLORS.items()}
    columns = ["name", "series", "value", "low", "high", "sure"]
    return interval_dots(rows[columns], Measure(label, digits=3), colors=colors, step=15)


def group_names(top: int) -> dict[str, str]:
    """Return what the groups of units are called."""
    return {
        "target": f"{top} best for the target",
        "source": f"{top} best for the source",
        "random": f"{top} random",
        "other": "all others",
    }


def _exchange_chart(table: pd.DataFrame, kind: str, label: str) -> object:
    rows = table[(table["kind"] == kind) & (table["target"] == ALL_TARGETS)]
    names = {"important": "units of target and source", "random": "random units"}
    rows = rows.rename(columns={"k": "x"}).assign(series=rows["units"].map(names), marks=True, loose=False)
    colors = {names[each]: color for each, color in UNIT_COLORS.items() if (rows["units"] == each).any()}
    columns = ["x", "value", "low", "high", "series", "marks", "loose"]
    return curves(rows[columns], percent(label), colors=colors, across="units exchanged", logarithmic=True)


def _tiles(facts: AttackSummary) -> list[dict[str, str]]:
    everything = facts.targets[0]
    tiles = [
        {
            "number": f"{everything.won:,}",
            "name": f"of {everything.tried:,} attacks won after rounding",
            "note": percent_score(everything.rate, none=""),
        }
    ]
    for each in facts.exchanges:
        if each.units == "important":
            what = "undone by" if each.kind == "undone" else "carried by"
            score = shown(interval_of(each.share, "value", "low", "high"))
            random = next((o for o in facts.exchanges if (o.kind, o.units) == (each.kind, "random")), None)
            chance = f"; random ones {percent_score(random.share, none='')}" if random else ""
            tiles.append(
                {
                    "number": score["value"],
                    "name": f"{what} {each.k:,} units of target and source",
                    "note": f"{score['interval']}{chance}",
                }
            )
    return tiles


def _targets(table: pd.DataFrame) -> list[list[object]]:
    return [
        [
            str(row.target),
            int(row.tried),
            int(row.found),
            int(row.won),
            shown(interval_of(row, "rate")),
            _plain(row.found_l2),
            _plain(row.l2),
            _plain(row.largest),
        ]
        for row in records(table)
    ]


def _plain(value: float) -> str:
    return f"{value:.3g}" if value == value else "\u2013"  # noqa: PLR0124 - NaN is not itself


def _changes(table: pd.DataFrame, top: int) -> list[list[object]]:
    names = group_names(top)
    kinds = ("absolute", "absolute_in_spreads", "signed", "signed_in_spreads")
    rows = {(row.target, row.group, row.measure): row for row in records(table)}
    pairs = dict.fromkeys((target, group) for target, group, _ in rows)
    return [
        [
            target,
            names[group],
            *(
                shown(
                    interval_of(rows[target, group, kind], "value", "low", "high"),
                    3, sign=kind.startswith("signed"), scale=1,
                )
                for kind in kinds
            ),
        ]
        for target, group in pairs
    ]  # fmt: skip


def _curves(table: pd.DataFrame) -> list[list[object]]:
    of_all = table[table["target"] == ALL_TARGETS]
    rows = {(row.units, int(row.k), row.kind): row for row in records(of_all)}
    keys = dict.fromkeys((units, k) for units, k, _ in rows)
    words = {"important": "of target and source", "random": "random"}
    kinds = ("undone", "returned", "carried")
    return [
        [
            words[units],
            k,
            *(shown(interval_of(rows[units, k, kind], "value", "low", "high")) for kind in kinds),
        ]
        for units, k in keys
    ]


ATTACK = Kind("attack.html", attack_title, attack_page)
