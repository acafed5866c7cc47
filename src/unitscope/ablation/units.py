"""What a network answers without single units, or without sets of them: exactly, at the cost of what they change.

Up to the next linear steps every unit goes its own way, so one pass with all units ablated tells what each becomes.
There, removing one unit takes one channel's contribution out of the step's output, which costs 1/U of the step. Only
what comes after is run for every unit and picture, and only where the unit changes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unitscope.ablation.channels import Channels
from unitscope.ablation.steps import find_steps
from unitscope.errors import UnitscopeError
from unitscope.layer.interventions import Units, levels_of, unit_numbers
from unitscope.replay import Carried, Replay

BLOCK_BYTES = 128 * 2**20
"""Memory for the variants that run at once, about."""
TENSORS_AT_ONCE = 4
"""Tensors as large as the largest that are in memory together, about."""
MOST_VARIANTS = 2048
"""Variants that run at once; more gain nothing."""


@dataclass(frozen=True)
class _Values:
    """Values before and after all units are ablated, for the pictures at hand; kept ones, then sources."""

    carried: Carried
    now: Sequence[Tensor]
    gone: Sequence[Tensor]
    differences: Sequence[Tensor]
    """Of the sources only."""
    mixed: Sequence[Tensor]
    """Outputs of the linear steps with all units in place; where a tail follows, what comes before its activation."""
    answer: Tensor


class Ablation:
    """Answers what a network would say without some units of a layer.

    Args:
        replay: the network, cut at the layer.
        block_bytes: memory for variants that run at once, about.

    Attributes:
        units: number of units U.
        steps: how the network is run.
        at_once, sets_at_once: variants that are run at once.
    """

    def __init__(self, replay: Replay, *, block_bytes: int = BLOCK_BYTES) -> None:
        self.replay, self.units = replay, replay.layer.units
        self._block_bytes = block_bytes
        self.steps = find_steps(replay)

        largest = self.steps.variant_bytes, max(self.steps.variant_bytes, self.steps.mixed_bytes)
        self.at_once, self.sets_at_once = (
            max(min(block_bytes // (TENSORS_AT_ONCE * each), MOST_VARIANTS), 1) for each in largest
        )

    def __reduce__(self) -> tuple[object, ...]:
        # The steps are made of a graph, which does not travel.
        return _ablation, (self.replay, self._block_bytes)

    def single_units(
        self, carried: Carried, *, level: float | Tensor = 0.0, units: Units | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Ablate one unit at a time.

        Args:
            carried: N pictures, from the replay's front.
            level: what an ablated unit is set to: one level, or one for every unit of the layer ``(U,)``.
            units: which; all by default.

        Yields:
            Units ``(k,)`` and what the network answers without each alone, ``(k, N, classes)``.

        Raises:
            UnitscopeError: a unit or the number of levels does not fit the layer.
        """
        device = carried.values[0].device
        chosen = unit_numbers(range(self.units) if units is None else units, self.units, device)
        with torch.no_grad():
            values = self._values(carried, level)
            changed = self._changed(values)
        for block in chosen.split(max(self.at_once // max(len(carried), 1), 1)):
            if len(block):
                with torch.no_grad():
                    answer = self._without_each(values, block, changed[:, block].T)
                yield block, answer

    def sets(
        self, carried: Carried, removed: Tensor, *, level: float | Tensor = 0.0
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Ablate sets of units.

        Args:
            carried: N pictures, from the replay's front.
            removed: bool ``(S, U)``, the units each set removes.
            level: what an ablated unit is set to: one level, or one for every unit of the layer ``(U,)``.

        Yields:
            Numbers of sets ``(k,)`` and what the network answers without each, ``(k, N, classes)``.

        Raises:
            UnitscopeError: `removed` or the number of levels does not fit the layer.
        """
        if removed.ndim != 2 or removed.shape[1] != self.units:
            raise UnitscopeError(
                f"sets of shape {tuple(removed.shape)} do not fit {self.units} units; give a row for each set "
                "and a column for each unit"
            )
        removed = removed.to(carried.values[0].device, torch.bool)
        with torch.no_grad():
            values = self._values(carried, level)
            mixed_gone = self._mixed(values.gone[len(self.steps.kept) :], carried.values[1:])
        numbers = torch.arange(len(removed), device=removed.device)
        for block in numbers.split(max(self.sets_at_once // max(len(carried), 1), 1)):
            if len(block):
                with torch.no_grad():
                    answer = self._without_sets(values, mixed_gone, removed[block])
                yield block, answer

    def predictions(
        self, carried: Carried, *, level: float | Tensor = 0.0, units: Units | None = None
    ) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
        """Return the predicted class of each picture ``(N,)``, and without each unit alone ``(N, k)``."""
        without = [
            predicted_classes(answer) for _, answer in self.single_units(carried, level=level, units=units)
        ]
        none = np.zeros((0, len(carried)), np.int16)
        return predicted_classes(self.replay.back(carried)), np.concatenate([none, *without]).T

    def _values(self, carried: Carried, level: float | Tensor) -> _Values:
        everywhere, steps = carried.everywhere, self.steps
        levels = levels_of(level, everywhere)[:, None].expand_as(everywhere)
        now = steps.channelwise(carried)
        gone = steps.channelwise(carried.with_everywhere(levels))
        first = len(steps.kept)
        differences = [after - before for before, after in zip(now[first:], gone[first:], strict=True)]
        mixed = self._mixed(now[first:], carried.values[1:])
        passed = [carried.values[index] for index in steps.passed]
        (answer,) = steps.rest(*now[:first], *self._ends(mixed), *passed)
        return _Values(carried, now, gone, differences, mixed, answer)

    def _mixed(self, sources: Sequence[Tensor], carried: Sequence[Tensor]) -> list[Tensor]:
        """Return what linear steps make of their sources; where a tail follows, what comes before its activation."""
        outputs = self.steps.mix(*sources, *carried)
        return [
            each.tail.before(output, *carried)[0] if each.tail else output
            for each, output in zip(self.steps.linear, outputs, strict=True)
        ]

    def _ends(self, mixed: Sequence[Tensor]) -> list[Tensor]:
        """Return what the rest takes of the linear steps."""
        return [
            each.tail.mean(value) if each.tail else value
            for each, value in zip(self.steps.linear, mixed, strict=True)
        ]

    def _changed(self, values: _Values) -> Tensor:
        """Tell which units change anything on which pictures, bool ``(N, U)``."""
        changed = torch.zeros(len(values.carried), self.units, dtype=torch.bool, device=values.answer.device)
        for channels, now, gone in zip(self._channels, values.now, values.gone, strict=True):
            differs = channels.blocks(now != gone, self.units)
            changed |= differs.movedim(channels.axis, 1).flatten(2).any(2)
        return changed

    @property
    def _channels(self) -> tuple[Channels, ...]:
        return self.steps.kept + self.steps.sources

    def _without_each(self, values: _Values, block: Tensor, changed: Tensor) -> Tensor:
        """Return what the network answers without each unit of a block; `changed` is ``(k, N)``."""
        answer = values.answer.expand(len(block), *values.answer.shape).clone()
        pairs = changed.nonzero()
        if len(pairs) == 0:
            return answer
        first = len(self.steps.kept)
        without = self._linear_without(values, _as_slice(block), changed)
        for part in pairs.split(self.at_once):
            index, pictures = part.unbind(1)
            outputs = [each(index, pictures) for each in without]
            removed = torch.zeros(len(part), self.units, dtype=torch.bool, device=block.device)
            removed[torch.arange(len(part), device=block.device), block[index]] = True
            answer[index, pictures] = self._rest(
                values, pictures, self._mixtures(values, pictures, removed, first), outputs
            )
        return answer

    def _linear_without(
        self, values: _Values, units: slice | Tensor, changed: Tensor
    ) -> list[Callable[[Tensor, Tensor], Tensor]]:
        """Return, for each linear step, what finds its outputs for some (unit of a block, picture)."""

        def sums(mixed: Tensor, gained: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
            return lambda index, pictures: mixed[pictures] + gained[index, pictures]

        def means(found: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
            return lambda index, pictures: found[index, pictures]

        outputs = []
        for each, mixed in zip(self.steps.linear, values.mixed, strict=True):
            difference = values.differences[each.source]
            if each.tail is not None:
                outputs.append(means(each.tail.means(mixed, difference, units, changed)))
            else:
                outputs.append(sums(mixed, each.step.change(difference, units)))
        return outputs

    def _without_sets(self, values: _Values, mixed_gone: Sequence[Tensor], removed: Tensor) -> Tensor:
        """Return what the network answers without each set ``(k, U)``; `mixed_gone` is of all units ablated."""
        count = len(values.carried)
        each_set = [self._mixed_without(values, mixed_gone, row) for row in removed]
        mixed = [torch.cat(found) for found in zip(*each_set, strict=True)]
        pairs = torch.arange(len(removed) * count, device=removed.device)
        answers = []
        for part in pairs.split(self.sets_at_once):
            index, pictures = part // count, part % count
            kept = self._mixtures(values, pictures, removed[index], len(self.steps.kept))
            ends = self._ends([value[part] for value in mixed])
            answers.append(self._rest(values, pictures, kept, ends))
        return torch.cat(answers).reshape(len(removed), *values.answer.shape)

    def _mixed_without(self, values: _Values, mixed_gone: Sequence[Tensor], row: Tensor) -> list[Tensor]:
        """Return, for each linear step, its output without a set ``(U,)``, from the side that is nearer.

        That is all units in place or none, whichever differs from it by fewer units.
        """
        gone, left = row.nonzero()[:, 0], (~row).nonzero()[:, 0]
        fewer = len(gone) <= len(left)
        start_from, units, sign = (values.mixed, gone, 1.0) if fewer else (mixed_gone, left, -1.0)
        if not len(units):
            return list(start_from)
        found = []
        for each, start in zip(self.steps.linear, start_from, strict=True):
            gained = sign * each.step.change_together(values.differences[each.source], units)
            found.append(start + (gained if each.tail is None else each.tail.scale[:, None, None] * gained))
        return found

    def _mixtures(self, values: _Values, pictures: Tensor, removed: Tensor, count: int) -> list[Tensor]:
        """Return the first `count` values of some pictures, with units ``(n, U)`` of each removed."""
        mixtures = []
        for channels, now, gone in zip(
            self._channels[:count], values.now[:count], values.gone[:count], strict=True
        ):
            value = now[pictures]
            blocks = channels.blocks(value, self.units)
            shape = [1] * blocks.ndim
            shape[0], shape[channels.axis] = removed.shape
            blocks.copy_(
                torch.where(removed.view(shape), channels.blocks(gone[pictures], self.units), blocks)
            )
            mixtures.append(value)
        return mixtures

    def _rest(
        self, values: _Values, pictures: Tensor, kept: Sequence[Tensor], outputs: Sequence[Tensor]
    ) -> Tensor:
        passed = [values.carried.values[index][pictures] for index in self.steps.passed]
        return self.steps.rest(*kept, *outputs, *passed)[0]


def predicted_classes(answer: Tensor) -> NDArray[np.int16]:
    """Return the class with the largest logit, ``(..., classes)`` -> ``(...)``."""
    return answer.argmax(-1).to("cpu", torch.int16).numpy()


def _as_slice(units: Tensor) -> slice | Tensor:
    """Return units as a slice where they follow each other, so that nothing is copied."""
    first = int(units[0])
    following = torch.arange(first, first + len(units), device=units.device)
    return slice(first, first + len(units)) if torch.equal(units, following) else units


def _ablation(replay: Replay, block_bytes: int) -> Ablation:
    return Ablation(replay, block_bytes=block_bytes)
