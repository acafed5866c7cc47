"""A network that reads pictures, with the input it wants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from unitscope import notebook
from unitscope.errors import UnitscopeError
from unitscope.layer.made_up import trial
from unitscope.models.forwarded import Forward, Forwarded, Function, inside
from unitscope.models.layer_names import find_layer
from unitscope.models.precision import Precision, check_precision
from unitscope.models.preprocessing import Preprocessing
from unitscope.models.products import SHORT, in_short

MOST_NAMED = 8
"""Classes that a notebook shows."""


@dataclass(frozen=True, repr=False)
class Network:
    """A network with the input it wants.

    Attributes:
        module: the network; its input is (N, 3, h, w) float32, or (N, 1, h, w) where its preprocessing makes gray. With
            `forward` it is what calls the network that was given.
        preprocessing: how a picture becomes that input.
        name: for titles and messages.
        spec: what the user wrote to get it.
        layers: the layers to look into unless others are asked for.
        classes: names of the outputs, if it is a classifier.
        aliases: readable names of layers, each with the dotted module name it stands for.
        checkpoint: name in the catalogue of the weights it is still without.
        weights: the file of weights it was filled with, if any.
        reinitialized: the seed of its random weights, where it is a control.
        device: where it is to run, if that was said.
        forward: how it is given a batch of pictures, where it takes something else; a function of the network and
            inputs (N, C, h, w) becomes a :class:`unitscope.models.forwarded.Forward`.
        classifies: False for one of a library that is known to tell no classes of pictures apart.
        precision: how exactly it multiplies, see :data:`unitscope.models.precision.Precision`.
    """

    module: nn.Module
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    name: str = ""
    spec: str = ""
    layers: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    checkpoint: str = ""
    weights: str | None = None
    reinitialized: int | None = None
    device: str | None = None
    forward: Forward | Function | None = None
    classifies: bool = True
    precision: Precision = "fp32"

    def __post_init__(self) -> None:
        check_precision(self.precision)
        if self.forward is not None:
            object.__setattr__(self, "forward", Forward.of(self.forward))
        called = self.called
        how = in_short(self.precision, None if called is None else called.function)
        if how is not None:
            object.__setattr__(self, "module", Forwarded(inside(self.module), how))

    @property
    def called(self) -> Forward | None:
        """How it is given a batch of pictures, where that was said."""
        return None if self.forward is None else Forward.of(self.forward)

    def layer_name(self, name: str) -> str:
        """Return the module name of a layer that may be named by an alias, what follows it included.

        Raises:
            UnitscopeError: the network has neither such a module nor such an alias.
        """
        return find_layer(name, self.module, self.aliases, self.name)

    def trial(self, pictures: int, device: torch.device | str | None = None) -> Tensor:
        """Return inputs for so many made-up pictures ``(N, C, h, w)``."""
        return trial(self.preprocessing.apply, self.preprocessing.size, pictures).to(device or "cpu")

    def with_precision(self, precision: Precision) -> Network:
        """Return the same network, the module shared, that multiplies so exactly."""
        module = inside(self.module) if self.precision in SHORT else self.module
        return replace(self, module=module, precision=precision)

    def need_single_precision(self, question: str) -> None:
        """Refuse a question about small changes of answers where these would be rounded away.

        Raises:
            UnitscopeError: its products are of 16 bits.
        """
        if self.precision in SHORT:
            raise UnitscopeError(
                f"{question} compares answers that differ by little, which products in {self.precision} round away; "
                "give a run that was dissected with --precision fp32 or tf32"
            )

    def need_classes(self, question: str) -> None:
        """Refuse a question about classes where the network is known to have none.

        Raises:
            UnitscopeError: it has none.
        """
        if not self.classifies:
            raise UnitscopeError(
                f"{self.name} tells no classes of pictures apart, which {question} is about; give the run of a "
                "classifier"
            )

    def __repr__(self) -> str:
        rows, columns = self.preprocessing.size
        return f"Network({self.name!r}, input {rows}x{columns}, {what_it_has(self.module, self.layers)})"

    def _repr_html_(self) -> str:
        rows, columns = self.preprocessing.size
        channels = {"rgb": "red, green and blue", "bgr": "blue, green and red", "gray": "gray"}
        seen = {"squash": "the whole picture, stretched", "crop": "the middle of the picture, cropped"}
        facts = [
            ("input", f"{rows} x {columns} pixels, {channels[self.preprocessing.channels]}; "
             + seen[self.preprocessing.framing]),
            ("preprocessing", self.preprocessing.written),
            *what_it_is(self.layers, self.aliases, self.module, self.weights, self.reinitialized),
        ]  # fmt: skip
        if self.precision != "fp32":
            facts.append(("products", self.precision))
        if self.classes:
            named = ", ".join(self.classes[:MOST_NAMED])
            more = f" and {len(self.classes) - MOST_NAMED:,} more" if len(self.classes) > MOST_NAMED else ""
            facts.append(("classes", f"{len(self.classes):,}: {named}{more}"))
        return notebook.card(f"Network {self.name}", notebook.facts(facts))


def what_it_is(
    layers: Sequence[str],
    aliases: Mapping[str, str],
    module: nn.Module,
    weights: str | None,
    reinitialized: int | None,
) -> Iterator[tuple[str, str]]:
    """Yield what a notebook shows of a network besides what goes in and comes out."""
    readable = {path: alias for alias, path in aliases.items()}
    taken = ", ".join(readable.get(layer, layer) for layer in layers)
    yield "layers", f"{taken} by default" if taken else "none by default; us.layers lists them"
    yield "parameters", f"{sum(each.numel() for each in module.parameters()):,}"
    if reinitialized is not None:
        yield "weights", f"random, seed {reinitialized}"
    elif weights is not None:
        yield "weights", weights


def what_it_has(module: nn.Module, layers: Sequence[str]) -> str:
    """Return the layers to look into and the number of parameters of a network, in a few words."""
    count = sum(parameter.numel() for parameter in module.parameters())
    return f"layers {', '.join(layers) or 'not chosen'}, {count:,} parameters"
