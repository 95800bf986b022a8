"""The common interface of compiled functions and functions on the host, and their store."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Protocol

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr
from jaxtyping import Float

from .._foundation.errors import InputError, Untraceable
from .._foundation.layout import PyTree
from .._foundation.wording import given
from .._introspection.narrow.types import Narrow

Function = Callable[..., PyTree]
"""Function `function(params, data, direction, *extra)` of JAX; `direction` may be None."""


def flat(result: PyTree) -> Float[np.ndarray, " k"]:
    """Returns the leaves of a result as one vector of float64.

    Raises:
        InputError: if there are none, as where a function returns None at a later call.
    """
    leaves = jax.tree.leaves(result)
    if not leaves:
        raise InputError(f"a function returns {given(result)} at one call and numbers at another")
    return np.concatenate([np.asarray(leaf, np.float64).reshape(-1) for leaf in leaves])


@dataclass(frozen=True, eq=False)  # JAX hashes it, and the value may hold arrays
class OfValue:
    """A function that is made of the value of an objective.

    Attributes:
        recipe: All that `make` depends on: equal recipes make the same of the same value.
        make: Makes it of `value(params, data)`.
        value: The value.
    """

    recipe: Hashable
    make: Callable[[Callable[[PyTree, PyTree], PyTree]], Function]
    value: Callable[[PyTree, PyTree], PyTree]

    def __call__(self, *args: PyTree) -> PyTree:
        return self.make(self.value)(*args)


@dataclass(frozen=True, kw_only=True)
class AbstractFunction(ABC):
    """A function with its arguments, ready to run, and its properties.

    The defaults are those of a function without a visible program.

    Attributes:
        args: The default arguments of a call.
        epsilon: The unit of rounding of the narrowest floating type in which it computes.
        multiplies: Whether it contains a product with a matrix.
        compile_seconds: The seconds of tracing, lowering and compiling; None if not compiled.
        differentiates: Whether autodiff made a part of it.
        rules: The functions with the user's own rules for autodiff that it calls.
        captured_bytes: The size of the arrays that it captures instead of taking them as
            arguments; they are constants of the program.
        narrow: The narrowest type in which it computes as written, if narrower than float64.
        widened: Whether it computes in float64 all the same.
        refusal: The reason why it does not although it should.
        hasty: Whether it was compiled for a short total time instead of a short run.
    """

    on_host: ClassVar[bool] = False
    """Whether it takes NumPy arrays instead of arrays on the device."""

    args: tuple
    epsilon: float
    multiplies: bool = False
    compile_seconds: float | None = None
    differentiates: bool = False
    rules: tuple[str, ...] = ()
    captured_bytes: int = 0
    narrow: Narrow | None = None
    widened: bool = False
    refusal: str = ""
    hasty: bool = False

    @abstractmethod
    def run(self, *args: PyTree) -> PyTree:
        """Calls the function and waits for its result."""

    def __call__(self) -> object:
        """Calls the function with its own arguments and waits for the result."""
        return self.run(*self.args)

    @cached_property
    def fingerprint(self) -> bytes | None:
        """A hash of its operations and constants; None if they are unknown."""
        return None

    @cached_property
    def written(self) -> "AbstractFunction":
        """The program in the types that the user wrote."""
        return self

    @property
    def flops(self) -> float | None:
        """Floating-point operations of one call, if known."""
        return None

    @property
    def peak_bytes(self) -> int | None:
        """Temporary and output memory of one call, if known."""
        return None

    @property
    def first_seconds(self) -> float | None:
        """The seconds of the first call, if measured."""
        return None


@dataclass(frozen=True)
class Untraced:
    """The reason why a function is called on the host.

    Attributes:
        kind: The reason why JAX cannot trace it; None for an error of another kind.
        words: The same for the reader, with the place.
    """

    kind: Untraceable | None
    words: str


class Twin(Protocol):
    """A function that stands for another one in autodiff.

    Attributes:
        function: The other one.
    """

    @property
    def function(self) -> Function: ...

    def __call__(self, *args: PyTree) -> PyTree: ...


@dataclass
class Cache:
    """Functions and facts that hold at every point of the same shapes.

    Attributes:
        functions: The functions so far, compiled or called on the host.
        chunk: The number of perturbed points evaluated together; the programs depend on it.
        opaque: Whether the value cannot be compiled, and is called on the host.
        untraceable: The reasons why `value`, `gradient` or `reference` cannot be compiled.
        of_jax: Those of them that need arrays of JAX, since they use `x.at`.
        notes: Sentences on peculiarities of the user's functions.
        failures: A sentence for each type of error that the value raised near a point.
        twins: The functions that stand in autodiff for those that JAX cannot trace, by the names
            of the fields of the objective.
        no_twin: The reason why the value has none; empty if it has one, or needs none.
        traced: The program of the value by a trace of its own, before that which is compiled.
        alike: Whether both traces gave the same program; None before that is known.
        forward: Whether only forward mode can be had, so that no part of the value has a gradient.
    """

    functions: dict[Hashable, AbstractFunction] = field(default_factory=dict)
    chunk: int | None = None
    opaque: bool = False
    untraceable: dict[str, Untraced] = field(default_factory=dict)
    of_jax: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    twins: dict[str, Twin] = field(default_factory=dict)
    no_twin: str = ""
    traced: ClosedJaxpr | None = None
    alike: bool | None = None
    forward: bool = False

    def emptied(self) -> "Cache":
        """Returns the part that holds for all shapes of the same functions."""
        names = ("opaque", "untraceable", "of_jax", "notes", "failures")
        names += ("twins", "no_twin", "forward")
        return Cache(**{name: getattr(self, name) for name in names})

    def begun(self) -> "Cache":
        """Returns the same programs without the notes on single points."""
        notes = [note for note in self.notes if note not in self.failures.values()]
        return replace(self, notes=notes, failures={})

    def remark(self, note: str) -> None:
        """Adds a note, once."""
        if note not in self.notes:
            self.notes.append(note)

    def failed(self, kind: str, words: str) -> None:
        """Adds a note on an error that the value raised near a point, once for each type."""
        if kind not in self.failures:
            self.failures[kind] = f"at some steps value raises {words}; it counts as NaN there"
            self.remark(self.failures[kind])


class Runner(Protocol):
    """The part of `Evaluator` that runs functions at one point and keeps their programs."""

    def run(
        self,
        key: Hashable,
        function: Function,
        *extra: PyTree,
        moved: int | None = None,
        helper: bool = False,
    ) -> Float[np.ndarray, " k"]:
        """Runs `function(params, data, direction, *extra)`, and waits for the result.

        It is compiled at its first use, or called on the host if that fails.

        Args:
            key: The key of the program, usually the method itself.
            function: Pure code of JAX. Everything that changes from point to point must be one
                of its arguments.
            *extra: Its further arguments.
            moved: The seed of a random move of parameters and data by a few units in the last
                place; None for no move.
            helper: Whether the program is never timed.

        Returns:
            The leaves of the result as one flat vector, NumPy float64.
        """
        ...

    def epsilon(self, key: Hashable) -> float:
        """The unit of rounding of the program under `key`, which may compute in float32."""
        ...
