"""The contract every statistic keeps, and the arrays it is made of.

A statistic declares each of its arrays once, as a class attribute, by what happens to it when two statistics merge; the
name of the attribute is its name in a shard file. From the declarations follow what an empty one holds and
``merge``, ``state_dict`` and ``load_state_dict`` (the idea is that of torchmetrics' ``add_state``)::

    class Pixels(Statistic):
        thresholds = agreed("U", np.float32)   # must be equal
        pixels = counted("2 U C")              # are added up

        def __init__(self, thresholds, concepts):
            super().__init__(U=len(thresholds), C=concepts)
            self.thresholds = thresholds
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
State = dict[str, NDArray[Any]]
"""Named arrays that hold everything a statistic knows; written to shards as they are."""

T = TypeVar("T", bound=np.generic)
Rule = Callable[[NDArray[T], NDArray[T]], NDArray[T]]


class Declared(Generic[T]):
    """One array of a statistic: its shape, type, first value, and how two of them merge.

    Args:
        axes: its shape. A letter stands for a size that the statistic is made with, a number for itself; an axis of 0
            may grow.
        dtype: of its values.
        merge: takes two arrays, the first of which it may change.
        fill: what an empty statistic holds.
        equal: whether only equal arrays merge.
    """

    def __init__(
        self, axes: str, dtype: type[T], merge: Rule[T], *, fill: float = 0, equal: bool = False
    ) -> None:
        self.axes, self.dtype, self.merge, self.fill, self.equal = axes.split(), dtype, merge, fill, equal

    @overload
    def __get__(self, statistic: None, owner: type) -> Declared[T]: ...
    @overload
    def __get__(self, statistic: Statistic, owner: type) -> NDArray[T]: ...
    def __get__(self, statistic: Statistic | None, owner: type) -> Declared[T] | NDArray[T]:
        """Stand for the array; every statistic holds its own under the same name."""
        if statistic is None:
            return self
        raise AttributeError(f"{owner.__name__} was not made by Statistic.__init__")

    def empty(self, sizes: dict[str, int]) -> NDArray[T]:
        """Return an array that has seen nothing, of the declared shape, given the size of each letter."""
        shape = tuple(int(axis) if axis.isdigit() else sizes[axis] for axis in self.axes)
        return np.full(shape, self.fill, self.dtype) if self.fill else np.zeros(shape, self.dtype)

    def fit(self, mine: NDArray[T], other: NDArray[T]) -> bool:
        """Tell whether two arrays of the declared shape belong to the same question."""
        if self.equal:
            return np.array_equal(mine, other)
        sizes = zip(self.axes, mine.shape, other.shape, strict=True)
        return all(axis == "0" or size == size_of_other for axis, size, size_of_other in sizes)


def counted(axes: str) -> Declared[np.int64]:
    """Declare whole numbers that are added up, int64."""
    return Declared(axes, np.int64, lambda mine, other: np.add(mine, other, out=mine))


def lowest(axes: str) -> Declared[np.float32]:
    """Declare numbers of which the least stays, float32."""
    return Declared(axes, np.float32, np.minimum, fill=np.inf)


def highest(axes: str) -> Declared[np.float32]:
    """Declare numbers of which the greatest stays, float32."""
    return Declared(axes, np.float32, np.maximum, fill=-np.inf)


def agreed(axes: str, dtype: type[T]) -> Declared[T]:
    """Declare what is asked, such as thresholds: two that differ do not merge."""
    return Declared(axes, dtype, _keep, equal=True)


def held(axes: str, dtype: type[T], *, fill: float = 0) -> Declared[T]:
    """Declare an array that merges together with others, in the ``merge`` of the statistic's own class."""
    return Declared(axes, dtype, _keep, fill=fill)


def _keep(mine: NDArray[T], _other: NDArray[T]) -> NDArray[T]:
    return mine


class Statistic(ABC):
    """A commutative monoid: an empty one is the identity, and any order and grouping of data gives the same bits.

    ``update`` takes data (its arguments differ between statistics), ``result`` answers the question.

    Args:
        sizes: size of each letter in the axes of the declared arrays.
    """

    declared: ClassVar[dict[str, Declared[Any]]] = {}
    """The arrays by name, in the order of their declaration."""

    def __init_subclass__(cls) -> None:
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Declared)}
        cls.declared = {**cls.declared, **own}

    def __init__(self, **sizes: int) -> None:
        for name, array in self.declared.items():
            setattr(self, name, array.empty(sizes))

    def settle(self) -> None:  # noqa: B027 - most have nothing to settle
        """Bring what an update has left for later into the declared arrays."""

    def merge(self, other: Self) -> None:
        """Take in everything `other` has seen.

        Raises:
            ValueError: it answers another question; nothing is taken in.
        """
        other.settle()
        mine, theirs = vars(self), vars(other)
        for name, array in self.declared.items():
            if not array.fit(mine[name], theirs[name]):
                raise ValueError(
                    f"{type(self).__name__} of {name} {mine[name].shape} and {theirs[name].shape} do not merge: "
                    "they differ in shape, or in what is asked"
                )
        mine.update({name: array.merge(mine[name], theirs[name]) for name, array in self.declared.items()})

    def state_dict(self) -> State:
        """Return copies of the declared arrays, by name, from which an equal statistic can be restored."""
        self.settle()
        return {name: vars(self)[name].copy() for name in self.declared}

    def load_state_dict(self, state: State) -> None:
        """Become the statistic that `state` was taken from."""
        self.settle()
        vars(self).update({name: state[name].copy() for name in self.declared})

    @abstractmethod
    def result(self) -> object:
        """Answer the question."""
