"""What an attack can be told."""

from __future__ import annotations

from dataclasses import dataclass, fields

from unitscope.errors import UnitscopeError
from unitscope.experiments.settings import (
    A_SEED,
    REPLICATES,
    SPEED,
    Fed,
    Rule,
    Spread,
    at_least,
    between,
    loaders_setting,
    setting,
)

WHOLE = 1e-6
"""A bound that is a whole number of grey levels but for so much is taken for it."""
METHODS = ("cw", "ddn", "pgd")
"""Carlini and Wagner's L2 attack, decoupled direction and norm, projected gradient descent."""
STEPS = {"cw": 100, "ddn": 100, "pgd": 40}
"""Steps where nothing is said; of `cw`, in each search."""
FOR = {"steps": METHODS, "searches": ("cw",), "rate": ("cw",), "confidence": ("cw",), "epsilon": ("pgd",)}
"""Settings that not every method knows, with those that do."""


@dataclass(frozen=True)
class AttackSettings(Fed, Spread):
    """What an attack can be told."""

    target: tuple[str, ...] = setting(
        (), "A class that the network is to see; may be given again.", metavar="CLASS"
    )
    method: str = setting(
        "cw",
        "cw (Carlini and Wagner, least L2), ddn (decoupled direction and norm, least L2, faster), pgd (bounded change "
        "of a pixel), or file.py:function of model, inputs, labels and targets.",
        metavar="METHOD",
        rule=Rule(
            f"{', '.join(METHODS)} or file.py:function",
            lambda value: value in METHODS or all(value.rpartition(":")),
        ),
    )
    limit: int = setting(
        100, "Pictures attacked for each target, at most.", rule=at_least(1), bounds=(1, None)
    )
    steps: int | None = setting(
        None,
        "Steps of an attack; 100 (cw in each search, ddn) or 40 (pgd) by default.",
        rule=at_least(1),
        bounds=(1, None),
    )
    searches: int = setting(
        5, "Searches of cw for the weight of success against distance.", rule=at_least(1), bounds=(1, None)
    )
    rate: float = setting(0.01, "Step size of cw.", rule=between(0, 100))
    confidence: float = setting(
        0.5, "By how much the target's logit has to exceed all others in cw.", rule=at_least(0)
    )
    epsilon: float = setting(
        0.03, "Most that pgd may change a pixel, which is from 0 to 1.", rule=between(0, 1)
    )
    top: int = setting(
        4,
        "Most important units of the target and of the source that are set against others.",
        rule=at_least(1),
        bounds=(1, None),
    )
    random: int = setting(5, "Repetitions of random units in the curves.", rule=at_least(0))
    examples: int = setting(2, "Pictures of each target that are shown.", rule=at_least(0))
    replicates: int = setting(1000, "Bootstrap replicates of the intervals.", rule=REPLICATES)
    seed: int = setting(
        0, "Seed of the order of pictures, of random units and of the bootstrap.", rule=A_SEED
    )
    batch_size: int | None = setting(
        None,
        "Pictures attacked at the same time; as many as in the run by default.",
        rule=at_least(1),
        panel=SPEED,
    )
    loaders: int | None = loaders_setting()

    def __post_init__(self) -> None:
        """Refuse settings that change nothing.

        Raises:
            UnitscopeError: a setting is of another method, or a pixel could not change.
        """
        super().__post_init__()
        for name in self._told(*FOR):
            if self.method not in FOR[name]:
                raise UnitscopeError(
                    f"--{name} is a setting of {' and '.join(FOR[name])}, and the method is {self.method!r}; leave it "
                    "out"
                )
        if self.method == "pgd" and not self.most_levels:
            from unitscope.models.pixels import LEVELS

            raise UnitscopeError(
                f"--epsilon is {self.epsilon:g}, less than one of the {LEVELS} grey levels that pictures are saved in; "
                f"give {1 / LEVELS:.4f} or more"
            )

    def check_elsewhere(self) -> None:
        """Refuse settings of an attack where pictures were attacked elsewhere.

        Raises:
            UnitscopeError: there is one.
        """
        if told := self._told("method", *FOR):
            raise UnitscopeError(
                f"--{told[0]} says how to attack, and nothing is attacked with --altered; leave one of them out"
            )

    def _told(self, *names: str) -> list[str]:
        """Return which of these settings are not the default."""
        defaults = {each.name: each.default for each in fields(self)}
        return [name for name in names if getattr(self, name) != defaults[name]]

    @property
    def most_levels(self) -> int:
        """Grey levels of 255 that a pixel of a saved picture may change by."""
        from unitscope.models.pixels import LEVELS  # options are made without PyTorch, which that imports

        return int(self.epsilon * LEVELS + WHOLE) if self.method == "pgd" else LEVELS

    @property
    def taken_steps(self) -> int:
        """Steps of the attack."""
        return self.steps or STEPS.get(self.method, 1)
