"""The attack itself: a batch of pictures at a time, every attacked picture saved, then judged anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from unitscope.experiments.attack.attempts import Attempts
from unitscope.experiments.attack.methods import Watched
from unitscope.experiments.attack.subject import Pictures, Subject
from unitscope.experiments.forward import naming_pictures
from unitscope.experiments.pictures import write_png
from unitscope.experiments.pieces import Piece, State
from unitscope.models.pixels import LEVELS, to_bytes, to_unit
from unitscope.run.storage import Arrays
from unitscope.sources.base import UnreadablePicture
from unitscope.sources.pairs import Pair

STRETCHES = (1.0, 1.02, 1.05, 1.1, 1.2, 1.35, 1.5, 2.0)
"""What the change of a picture is multiplied by until the network is still deceived after rounding."""
NOT_FINITE = "the network's logits are not finite (NaN or infinite) in the middle of the attack"


@dataclass(frozen=True)
class SearchPlan:
    """Which pictures are attacked, and how.

    Attributes:
        attempts: which.
        seed: of attacks that draw.
        passes: of one attack, if they are known.
        most: grey levels that a pixel may change by in what is saved.
    """

    attempts: Attempts
    seed: int
    passes: int = 0
    most: int = LEVELS


@dataclass(frozen=True)
class Attacked:
    """Attacked pictures before and after they are rounded.

    Attributes:
        pictures: in [0, 1], as the attack found them ``(n, 3, h, w)``.
        rounded: 8 bits ``(n, h, w, 3)``.
        stretches: what each change was multiplied by ``(n,)``.
        found: class that the network sees before rounding ``(n,)``.
        seen: class that it sees in what is saved ``(n,)``.
    """

    pictures: Tensor
    rounded: Pictures
    stretches: np.ndarray
    found: np.ndarray
    seen: np.ndarray


def search(subject: Subject, plan: SearchPlan, piece: Piece) -> State:
    """Attack some pictures and save what comes out.

    Returns:
        For each attempt that was not skipped: its number, whether it was ``found`` and ``won`` after rounding, the
        distances before (``found_l2``, ``found_largest``) and the factor ``stretch`` of its change; and the ``passes``.
    """
    parts, skipped, passes = [_nothing()], dict[int, str](), 0
    for numbers in subject.batches(piece.pictures):
        read, originals = _read(subject, plan.attempts, numbers, skipped)
        if not read:
            continue
        ids = [subject.samples.sample_ids[plan.attempts.pictures[each]] for each in read]
        with naming_pictures(ids):
            kept, attacked, used = _attack(subject, plan, read, originals, skipped)
        passes += used
        if kept:
            chosen = np.array(kept)
            before = originals[np.isin(read, kept)]
            parts.append(_record(subject, plan.attempts[chosen], chosen, before, attacked, most=plan.most))
    together = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return State({**together, "passes": np.array([passes], np.int64)}, skipped)


def take(subject: Subject, plan: SearchPlan, piece: Piece) -> State:
    """Judge pictures that were attacked elsewhere; returns the same as :func:`search`, all before rounding as after."""
    parts, skipped = [_nothing()], dict[int, str]()
    for numbers in subject.batches(piece.pictures):
        kept, pairs = list[int](), list[Pair]()
        for number in numbers:
            try:
                pairs += subject.pairs(plan.attempts, [number])
            except UnreadablePicture as error:
                skipped[number] = error.reason
            else:
                kept.append(number)
        if not kept:
            continue
        chosen = np.array(kept)
        won = _seen(subject, [pair.altered for pair in pairs]) == plan.attempts[chosen].targets
        parts.append(
            {
                "attempts": chosen,
                "found": won,
                "won": won,
                "found_l2": np.array([pair.squared_difference for pair in pairs]) ** 0.5 / LEVELS,
                "found_largest": np.array([pair.largest_difference for pair in pairs]) / LEVELS,
                "stretch": np.ones(len(kept)),
            }
        )
    together = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return State({**together, "passes": np.zeros(1, np.int64)}, skipped)


def _nothing() -> Arrays:
    numbers, flags, floats = np.zeros(0, np.int64), np.zeros(0, np.bool_), np.zeros(0, np.float64)
    names = ("found_l2", "found_largest", "stretch")
    return {"attempts": numbers, "found": flags, "won": flags, **dict.fromkeys(names, floats)}


def _read(
    subject: Subject, attempts: Attempts, numbers: Sequence[int], skipped: dict[int, str]
) -> tuple[list[int], Pictures]:
    read, pictures = [], []
    for number in numbers:
        try:
            pictures.append(subject.samples.picture(int(attempts.pictures[number])))
        except UnreadablePicture as error:
            skipped[number] = error.reason
        else:
            read.append(number)
    return read, np.stack(pictures) if pictures else np.zeros((0, *subject.samples.size, 3), np.uint8)


def _attack(
    subject: Subject, plan: SearchPlan, read: list[int], originals: Pictures, skipped: dict[int, str]
) -> tuple[list[int], Tensor, int]:
    """Attack a batch; where something is not finite, each of its pictures alone, so that the others are not lost."""
    found, finite, passes = _run(subject, plan, read, originals)
    if finite:
        return read, found, passes
    if len(read) == 1:
        skipped[read[0]] = NOT_FINITE
        return [], found[:0], passes
    kept, rows = list[int](), [found[:0]]
    for place, number in enumerate(read):
        alone, one, used = _attack(subject, plan, [number], originals[place : place + 1], skipped)
        kept += alone
        rows.append(one)
        passes += used
    return kept, torch.cat(rows), passes


def _run(
    subject: Subject, plan: SearchPlan, read: list[int], originals: Pictures
) -> tuple[Tensor, bool, int]:
    """Return attacked pictures ``(n, 3, h, w)``, whether everything was finite, and the number of passes."""
    assert subject.method is not None
    attempts, watched = plan.attempts[np.array(read)], Watched(subject.on_pixels, plan.passes)
    inputs = to_unit(originals).to(subject.device)
    labels, targets = (
        torch.from_numpy(each).to(subject.device) for each in (attempts.sources, attempts.targets)
    )
    with torch.random.fork_rng(), _without_weights(watched), torch.enable_grad():
        torch.manual_seed(plan.seed * 2**20 + read[0])
        found = subject.method(watched, inputs, labels, targets).detach()
    finite = watched.finite and bool(torch.isfinite(found).all())
    return found.clamp(0, 1), finite, watched.passes


class _without_weights:  # noqa: N801 - a context, used like a function
    """Ask for no gradients of a network's weights meanwhile, which an attack has no use for."""

    def __init__(self, module: torch.nn.Module) -> None:
        self._asked = [each for each in module.parameters() if each.requires_grad]

    def __enter__(self) -> None:
        for each in self._asked:
            each.requires_grad_(False)

    def __exit__(self, *_: object) -> None:
        for each in self._asked:
            each.requires_grad_(True)


def _record(
    subject: Subject,
    attempts: Attempts,
    numbers: np.ndarray,
    before: Pictures,
    found: Tensor,
    *,
    most: int,
) -> Arrays:
    """Save the attacked pictures of a batch, and say how the attempts went."""
    attacked = settle(subject, attempts, before, found, most=most)
    for place, (sample, target) in enumerate(zip(attempts.pictures, attempts.targets, strict=True)):
        write_png(subject.path(int(sample), int(target)), attacked.rounded[place])
    change = (attacked.pictures.cpu().double() - to_unit(before).double()).flatten(1)
    return {
        "attempts": numbers,
        "found": attacked.found == attempts.targets,
        "won": attacked.seen == attempts.targets,
        "found_l2": change.norm(dim=1).numpy(),
        "found_largest": change.abs().amax(1).numpy(),
        "stretch": attacked.stretches,
    }


def settle(
    subject: Subject, attempts: Attempts, originals: Pictures, found: Tensor, *, most: int
) -> Attacked:
    """Round attacked pictures to 8 bits, and stretch the change of those that this undoes as little as helps.

    An attack of least distance stops where the network just changes its mind, and rounding takes it back. No pixel
    changes by more than `most` grey levels.
    """
    with torch.no_grad():
        believed = subject.on_pixels(found).argmax(1).cpu().numpy()
    start = to_unit(originals).to(found)
    rounded, seen = np.zeros_like(originals), np.full(len(originals), -1, np.int64)
    stretches = np.ones(len(originals))
    waiting = np.arange(len(originals))
    for stretch in STRETCHES:
        # What the attack did not find is saved as it is.
        tried = waiting if stretch == 1 else waiting[believed[waiting] == attempts.targets[waiting]]
        if not len(tried):
            break
        at = torch.from_numpy(tried)
        pictures = to_bytes((start[at] + stretch * (found[at] - start[at])).clamp(0, 1))
        own = originals[tried].astype(np.int16)
        pictures = np.clip(pictures, own - most, own + most).astype(np.uint8)
        answers = _seen(subject, list(pictures))
        won = answers == attempts.targets[tried]
        # The last picture that failed is not kept: stretching that does not help is left.
        kept = np.ones(len(tried), np.bool_) if stretch == 1 else won
        rounded[tried[kept]], seen[tried[kept]] = pictures[kept], answers[kept]
        stretches[tried[kept]] = stretch
        waiting = tried[~won]
    return Attacked(found, rounded, stretches, believed, seen)


def _seen(subject: Subject, pictures: Sequence[Pictures]) -> np.ndarray:
    """Return the class that the network sees in 8-bit pictures ``(n,)``, read as it reads every picture."""
    answers = subject.replay.back(subject.front(pictures))
    seen: np.ndarray = answers.argmax(1).cpu().numpy()
    return seen
