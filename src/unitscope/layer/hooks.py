"""Name a layer, read its activation grid, and leave the model as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from unitscope.errors import UnitscopeError
from unitscope.layer.axes import kinds
from unitscope.layer.grid import GridGeometry
from unitscope.layer.names import LayerName, entries, entry_name, parse_layer, pick
from unitscope.layer.readout import Lost, Reading, Unreadable, find_reading, reading_of_grid
from unitscope.layer.receptive_field import EvenGeometry, GeometryTracker

Reader = Callable[[str, Tensor], None]
"""Called with a layer's name and its output, at the moment the layer returns."""
Watcher = Callable[[str, int, object], None]
"""Called with a module's dotted name, the number of its call in this pass (from 1) and what it returned."""


@dataclass(frozen=True)
class LayerDescription:
    """One layer of a model, as seen on one input."""

    name: str
    """What to write to name it: ``path``, ``path#call`` or ``path[key]``."""
    kind: str
    shape: tuple[int, ...] | None
    """Shape of the output for one picture, batch axis included; None when the output holds no tensor."""
    calls: int
    """How often one forward pass calls the module."""
    units: int | None = None
    grid: tuple[int, int] | None = None
    """Rows and columns of the activation; None when the output is no activation."""
    reading: str = ""
    """What it is read as, or why it cannot be read."""
    geometry: GridGeometry | None = None
    """Where its cells lie; None when the output is no activation."""
    readout: Reading | None = None
    """How it is read."""
    followed: bool = True
    """Whether where its cells lie is in no doubt."""
    places: str = ""
    """What changes of the picture at known places say of where its cells lie; empty where nobody asked."""
    alias: str = ""
    """A readable name that may be written instead, where the model gives one."""
    default: bool = False
    """Whether it is dissected when no layer is named."""

    @property
    def shape_of_picture(self) -> tuple[int, ...] | None:
        """Shape of the output for one picture, without the axis of pictures."""
        if self.shape is None:
            return None
        place = self.readout.axes.index("N") if self.readout is not None else 0
        return (*self.shape[:place], *self.shape[place + 1 :])


@dataclass(frozen=True)
class LayerGrid:
    """How a layer is read: units, activation grid ``(h, w)`` and where the grid lies on the input."""

    name: str
    units: int
    grid: tuple[int, int]
    geometry: GridGeometry
    reading: Reading
    followed: bool = True
    """Whether operators, or the user, said where its cells lie; otherwise its shape did."""

    def read(self, output: Tensor) -> Tensor:
        """Return the activation ``(N, U, h, w)`` in an output of this layer.

        Raises:
            UnitscopeError: the output has another form than the one that was looked at first.
        """
        try:
            values = self.reading.apply(output)
        except ValueError as error:
            raise UnitscopeError(
                f"layer {self.name!r} returns shape {tuple(output.shape)}: {error}; "
                "choose a layer whose shape stays the same"
            ) from error
        expected = (values.shape[0], self.units, *self.grid)
        if values.shape != expected:
            raise UnitscopeError(
                f"layer {self.name!r} returns an activation of shape {tuple(values.shape)} where {expected} was "
                "expected from its first output; choose a layer whose shape stays the same"
            )
        return values


SAY_SO = ", which --grid-of can say"
"""What to do about it, at the end of a reason."""


class _Stop(BaseException):
    """Ends a forward pass once every requested layer has been read, also of a network that tries again after errors."""


@contextmanager
def trace(
    module: nn.Module, layers: Sequence[str], read: Reader, *, stop_early: bool = True
) -> Iterator[Callable[[Tensor], object]]:
    """Read layers during forward passes; hooks are gone when the block ends, also after an exception.

    An output is handed to `read` before anything that follows can change it in place.

    Args:
        module: the network, in eval mode.
        layers: names of layers, see :func:`unitscope.layer.names.parse_layer`.
        read: receives ``(name, output)``; what it keeps, it must copy.
        stop_early: end the pass after the last of `layers`; what comes after is not computed.

    Yields:
        A function that runs the network on inputs ``(N, ...)`` without gradients, and returns what the network does;
        nothing where the pass was ended.

    Raises:
        UnitscopeError: the network has no such layer, or it returns no tensor or several.
    """
    named = find_layers(module, layers)
    wanted: dict[str, list[LayerName]] = {}
    for layer in named.values():
        wanted.setdefault(layer.path, []).append(layer)
    waiting: set[str] = set()

    def watch(path: str, call: int, output: object) -> None:
        for layer in wanted[path]:
            if layer.call in (None, call):
                read(layer.name, pick(layer, output))
                waiting.discard(layer.name)
        if stop_early and not waiting:
            raise _Stop

    with _watched(module, wanted, watch) as run:

        def forward(inputs: Tensor) -> object:
            waiting.update(named)
            return run(inputs)

        yield forward


@contextmanager
def _watched(module: nn.Module, paths: Iterable[str], watch: Watcher) -> Iterator[Callable[[Tensor], object]]:
    """Call `watch` whenever one of the modules returns; yields a function that runs the network."""
    calls: dict[str, int] = {}

    def hook_of(path: str) -> Callable[[nn.Module, object, object], None]:
        def hook(_module: nn.Module, _inputs: object, output: object) -> None:
            calls[path] = calls.get(path, 0) + 1
            watch(path, calls[path], output)

        return hook

    def forward(inputs: Tensor) -> object:
        calls.clear()
        with torch.no_grad():
            try:
                return module(inputs)
            except _Stop:
                return None

    known = _modules(module)
    handles = [known[path].register_forward_hook(hook_of(path)) for path in paths]
    try:
        yield forward
    finally:
        for handle in handles:
            handle.remove()


def _modules(module: nn.Module) -> dict[str, nn.Module]:
    """Return every module by its dotted name; one that stands in several places has several names."""
    return {path: part for path, part in module.named_modules(remove_duplicate=False) if path}


def find_layers(module: nn.Module, layers: Sequence[str]) -> dict[str, LayerName]:
    """Look up names of layers.

    Raises:
        UnitscopeError: a name is unknown or given twice.
    """
    known = _modules(module)
    found: dict[str, LayerName] = {}
    for name in layers:
        layer = parse_layer(name, known, type(module).__name__)
        if name in found:
            raise UnitscopeError(f"layer {name!r} is asked for twice; name it once")
        found[name] = layer
    return found


def describe_layers(
    module: nn.Module, inputs: Tensor, *, size: tuple[int, int] | None = None
) -> list[LayerDescription]:
    """Run one forward pass and list what every module that took part returned, in the order they finished.

    Args:
        module: the network, in eval mode.
        inputs: ``(N, 3, H, W)``, two pictures at least where their axis is to be told from others, or one latent.
        size: for a generator, height and width of its pictures.
    """
    seen: list[
        tuple[str, int, tuple[str, ...], tuple[int, ...] | None, Reading | str, GridGeometry | None, bool]
    ] = []
    tracker = _tracker(inputs, size)

    def watch(path: str, call: int, output: object) -> None:
        found = list(entries(output))
        for keys, value in found:
            reading = _reading_or_reason(value, tracker, len(inputs))
            geometry = None if isinstance(reading, str) else tracker.of(value, reading.grid)
            named = keys if len(found) > 1 else ()
            sure = _is_followed(value, tracker)
            shape = _shape_for_one(value, reading, tracker, len(inputs))
            seen.append((path, call, named, shape, reading, geometry, sure))
        if not found:
            seen.append(
                (path, call, (), None, f"it returns {type(output).__name__} with no tensor", None, True)
            )

    parts = {path: part for path, part in module.named_modules() if path}
    with _watched(module, parts, watch) as forward, tracker:
        forward(inputs)
    calls = {path: call for path, call, *_ in seen}
    return [
        _description(
            entry_name(path, call if calls[path] > 1 else None, keys),
            parts[path],
            shape,
            calls[path],
            reading,
            geometry=geometry,
            followed=followed,
        )
        for path, call, keys, shape, reading, geometry, followed in seen
    ]


def _shape_for_one(
    value: Tensor, reading: Reading | str, tracker: GeometryTracker | EvenGeometry, pictures: int
) -> tuple[int, ...]:
    """Return the shape that an output has for one picture."""
    known, shape = tracker.followed(value), list(value.shape)
    of_pictures = (
        [] if known is None else [i for i, axis in enumerate(known.axes) if "pictures" in kinds(axis)]
    )
    if isinstance(reading, Reading):
        of_pictures = [reading.axes.index("N")]
    for place in of_pictures or range(min(len(shape), 1)):
        shape[place] //= pictures if shape[place] % pictures == 0 else 1
    return tuple(shape)


def _description(
    name: str,
    part: nn.Module,
    shape: tuple[int, ...] | None,
    calls: int,
    reading: Reading | str,
    *,
    geometry: GridGeometry | None,
    followed: bool,
) -> LayerDescription:
    kind = type(part).__name__
    if isinstance(reading, str) or shape is None:
        return LayerDescription(name, kind, shape, calls, reading=f"not read: {reading}")
    units = 1
    for letter, size in zip(reading.axes, shape, strict=True):
        units *= size if letter == "U" else 1
    return LayerDescription(
        name, kind, shape, calls, units, reading.grid, str(reading), geometry, reading, followed
    )


def _tracker(inputs: Tensor, size: tuple[int, int] | None) -> GeometryTracker | EvenGeometry:
    return GeometryTracker(inputs) if size is None else EvenGeometry(size)


def _reading_or_reason(
    value: Tensor, tracker: GeometryTracker | EvenGeometry, pictures: int, said: tuple[int, int] | None = None
) -> Reading | str:
    followed = tracker.followed(value)
    try:
        if said is not None:
            return reading_of_grid(value, said, pictures)
        if followed is None and tracker.saw_something:
            return "it does not depend on the picture"
        return find_reading(
            value, followed, pictures=pictures, size=tracker.size, most_extra=tracker.most_extra
        )
    except Lost as reason:
        return f"{reason}{SAY_SO}"
    except Unreadable as reason:
        return str(reason)


def probe_layers(
    module: nn.Module,
    inputs: Tensor,
    layers: Sequence[str],
    *,
    size: tuple[int, int] | None = None,
    grid_of: Mapping[str, tuple[int, int]] | None = None,
) -> dict[str, LayerGrid]:
    """Find the units, grid and geometry of `layers` with one forward pass.

    Args:
        module: the network, in eval mode.
        inputs: two pictures ``(2, 3, H, W)``, or two latents ``(2, ...)``, which tell the axis of pictures from others.
        layers: names of layers, see :func:`unitscope.layer.names.parse_layer`.
        size: for a generator, height and width of its pictures, over which the grids lie evenly.
        grid_of: rows and columns of layers of which the user says how they are read: tokens that fill the grid row by
            row, others before them, or a map.

    Returns:
        One entry a layer, in the order of the forward pass.

    Raises:
        UnitscopeError: a layer is unknown, unused, called more than once, or its output is not a grid, tokens or a
            vector of floating-point values.
    """
    named = find_layers(module, layers)
    found: dict[str, LayerGrid] = {}
    calls: dict[str, int] = {}
    tracker = _tracker(inputs, size)

    def read(name: str, output: Tensor) -> None:
        calls[name] = calls.get(name, 0) + 1
        if calls[name] == 1:
            found[name] = _layer_grid(name, output, tracker, len(inputs), (grid_of or {}).get(name))

    with trace(module, layers, read, stop_early=False) as forward, tracker:
        forward(inputs)
    for layer in named.values():
        _check_called_once(layer, calls.get(layer.name, 0))
    return found


def _layer_grid(
    name: str,
    output: Tensor,
    tracker: GeometryTracker | EvenGeometry,
    pictures: int,
    said: tuple[int, int] | None = None,
) -> LayerGrid:
    reading = _reading_or_reason(output, tracker, pictures, said)
    if isinstance(reading, str):
        raise UnitscopeError(
            f"layer {name!r} returns shape {tuple(output.shape)} for {_counted(pictures)}, which is no activation "
            f"grid: {reading}; choose another layer"
        )
    units = int(reading.apply(output).shape[1])
    if said is not None:
        return LayerGrid(name, units, reading.grid, GridGeometry.even(said, tracker.size), reading)
    return LayerGrid(
        name, units, reading.grid, tracker.of(output, reading.grid), reading, _is_followed(output, tracker)
    )


def _is_followed(output: Tensor, tracker: GeometryTracker | EvenGeometry) -> bool:
    """Return whether where the cells of an output of any shape lie is in no doubt."""
    known = tracker.followed(output)
    return isinstance(tracker, EvenGeometry) or (known is not None and not known.doubt)


def _counted(pictures: int) -> str:
    return "one picture" if pictures == 1 else f"{pictures} pictures"


def _check_called_once(layer: LayerName, calls: int) -> None:
    if calls == 0 and layer.call is None:
        raise UnitscopeError(
            f"layer {layer.name!r} takes no part in the forward pass, so it has no activation; "
            "'unitscope layers MODEL' lists those that do"
        )
    if calls == 0:
        raise UnitscopeError(
            f"layer {layer.name!r} not found: a forward pass calls {layer.path!r} fewer than {layer.call} times; "
            "'unitscope layers MODEL' lists the calls"
        )
    if calls > 1:
        names = [entry_name(layer.path, call, layer.keys) for call in (1, calls)]
        raise UnitscopeError(
            f"layer {layer.name!r} is called {calls} times in a forward pass, so it has no single activation; "
            f"name one call, from {names[0]!r} to {names[1]!r}"
        )
