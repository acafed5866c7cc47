"""Attacks: functions of a network on pixels, pictures, their classes and the classes that the network is to see.

The attacks with a name are those of foolbox. Networks are handed to them as functions of pictures in [0, 1], so that
bounds hold for pixels and norms are of pixels.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from unitscope.errors import UnitscopeError, one_line
from unitscope.experiments.attack.settings import METHODS, AttackSettings
from unitscope.models.factories import find_function
from unitscope.progress import partly

Method = Callable[[nn.Module, Tensor, Tensor, Tensor], Tensor]
"""Network on pixels, pictures ``(N, 3, h, w)`` in [0, 1], classes and targets ``(N,)`` -> attacked pictures."""
TAKES = "model, inputs, labels, targets"
"""What a person's function is called with."""
OUTSIDE = 1e-4
"""How far an attacked picture may lie outside [0, 1] and still be taken for rounded."""


def find_method(settings: AttackSettings) -> tuple[Method, str]:
    """Return the attack that settings ask for, and a hash of the source of a person's; empty for those of the library.

    Raises:
        UnitscopeError: the library is not installed, or the function is missing.
    """
    if settings.method in METHODS:
        library = _library()
        return partial(_of_library, (library, _make(library, settings), _given(settings))), ""
    function, source_hash = find_function(settings.method, "attack", TAKES)
    return partial(_of_person, (function, settings.method)), source_hash


def _library() -> Any:
    try:
        with warnings.catch_warnings():
            # It imports a name that a later scipy will not have.
            warnings.simplefilter("ignore", DeprecationWarning)
            import foolbox
    except ImportError as error:
        raise UnitscopeError(
            f"attacks by name need the package foolbox ({one_line(error)}); install it with "
            "pip install 'unitscope[attacks]', give --method file.py:function, or --altered"
        ) from error
    return foolbox


def _make(library: Any, settings: AttackSettings) -> Any:
    attacks, steps = library.attacks, settings.taken_steps
    if settings.method == "cw":
        # Stopping early looks at the loss of all pictures together, and one would depend on the others.
        return attacks.L2CarliniWagnerAttack(
            binary_search_steps=settings.searches,
            steps=steps,
            stepsize=settings.rate,
            confidence=settings.confidence,
            initial_const=1.0,
            abort_early=False,
        )
    if settings.method == "ddn":
        return attacks.DDNAttack(steps=steps)
    return attacks.LinfPGD(steps=steps, random_start=False)


def _given(settings: AttackSettings) -> dict[str, float]:
    return {"epsilon": settings.epsilon} if settings.method == "pgd" else {}


def _of_library(
    named: tuple[Any, Any, dict[str, float]],
    model: nn.Module,
    inputs: Tensor,
    _labels: Tensor,
    targets: Tensor,
) -> Tensor:
    library, attack, given = named
    wrapped = library.PyTorchModel(model, bounds=(0, 1), device=inputs.device)
    found: Tensor = attack.run(wrapped, inputs, library.criteria.TargetedMisclassification(targets), **given)
    return found


def _of_person(
    named: tuple[Callable[..., object], str],
    model: nn.Module,
    inputs: Tensor,
    labels: Tensor,
    targets: Tensor,
) -> Tensor:
    function, spec = named
    try:
        found = function(model, inputs.clone(), labels, targets)
    except Exception as error:
        raise UnitscopeError(f"attack {spec!r} raised {one_line(error)}") from error
    if not isinstance(found, Tensor) or found.shape != inputs.shape:
        shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise UnitscopeError(
            f"attack {spec!r} returned {shape}; it must return a tensor {tuple(inputs.shape)}"
        )
    low, high = found.detach().nan_to_num(nan=0.5).aminmax()
    if low < -OUTSIDE or high > 1 + OUTSIDE:
        raise UnitscopeError(
            f"attack {spec!r} returned values from {float(low):.3g} to {float(high):.3g}; pictures are from 0 to 1"
        )
    return found.detach()


class Watched(nn.Module):
    """A network that counts its passes and notices logits that are not finite.

    Args:
        module: the network on pixels.
        planned: passes of the attack of one picture, by which progress is told; 0 where they are not known.
    """

    def __init__(self, module: nn.Module, planned: int = 0) -> None:
        super().__init__()
        self.module, self.planned = module, planned
        self.passes, self.finite = 0, True
        self.training = False

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the logits ``(N, C)``."""
        logits: Tensor = self.module(pictures)
        self.passes += len(pictures)
        if self.planned:
            partly(len(pictures) / self.planned)
        self.finite &= bool(torch.isfinite(logits).all())
        return logits


def check_gradients(model: nn.Module, inputs: Tensor, name: str) -> None:
    """Refuse a network that says nothing of how its logits change with the picture.

    Args:
        model: the network on pixels.
        inputs: some pictures ``(N, 3, h, w)``.
        name: of the network.

    Raises:
        UnitscopeError: it has no gradients, or they are all zero or not finite.
    """
    pictures = inputs.clone().requires_grad_(True)
    reason = ""
    try:
        with torch.enable_grad():
            logits = model(pictures)
            # A sum over all classes may be constant where single logits are not.
            (slope,) = torch.autograd.grad(logits.amax(1).sum(), pictures)
        if not bool(torch.isfinite(slope).all()):
            reason = "they are not finite"
        elif not bool(slope.any()):
            reason = "they are zero everywhere, as those of a quantised network are"
    except Exception as error:
        reason = one_line(error)
    if reason:
        raise UnitscopeError(
            f"{name or 'the network'} gives no gradients to attack with ({reason}); give --method file.py:function "
            "that needs none, or pictures attacked elsewhere with --altered"
        )
