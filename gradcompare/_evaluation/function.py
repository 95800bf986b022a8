"""What a compiled function and one that is called on the host have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np
from jaxtyping import Float, PyTree

Function = Callable[..., PyTree]
"""`function(params, data, direction, *extra)` in JAX operations; `direction` may be None."""


@dataclass(frozen=True, kw_only=True)
class AbstractFunction(ABC):
    """A function with its arguments, ready to run, and what is known about it.

    The defaults are those of a function that nobody can look into.

    Attributes:
        args: The arguments of a call without arguments.
        epsilon: The unit of rounding of the narrowest floating type it computes in.
        multiplies: Whether it contains a product with a matrix.
        compile_seconds: How long tracing, lowering and compiling took; None if it is not compiled.
        differentiates: Whether autodiff made a part of it.
        rules: The functions with rules of the user's own for autodiff that it calls.
        captured_bytes: The size of the arrays that it captured instead of taking them as
            arguments; they are written into the program.
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

    @abstractmethod
    def run(self, *args: PyTree) -> PyTree:
        """Calls the function and waits for its result."""

    def __call__(self) -> object:
        """One call with its own arguments, waiting for the result."""
        return self.run(*self.args)

    @cached_property
    def fingerprint(self) -> bytes | None:
        """A hash of its operations and constants; None where they are not known."""
        return None

    @property
    def flops(self) -> float | None:
        """Floating-point operations of one call, if they are known."""
        return None

    @property
    def peak_bytes(self) -> int | None:
        """Temporary and output memory of one call, if it is known."""
        return None

    @property
    def first_seconds(self) -> float | None:
        """The seconds of the first call, if they were measured."""
        return None


class Runner(Protocol):
    """What runs functions at one point and keeps them: the `Evaluator`, as its parts see it."""

    def run(
        self,
        key: Hashable,
        function: Function,
        *extra: PyTree,
        moved: int | None = None,
        helper: bool = False,
    ) -> Float[np.ndarray, " k"]:
        """Runs `function(params, data, direction, *extra)`, and waits for the result.

        It is compiled at its first use, or called on the host if that cannot be.

        Args:
            key: What the program is kept under: the method that asks, as a rule.
            function: Pure code of JAX. Everything that changes from point to point has to be
                an argument of it.
            *extra: Its further arguments.
            moved: Moves parameters and data by a few units in the last place first, up or
                down as drawn with this seed.
            helper: Whether this is a program that nobody times.

        Returns:
            The leaves of the result as one flat vector, NumPy float64.
        """
        ...

    def epsilon(self, key: Hashable) -> float:
        """The unit of rounding of the program under `key`, which may compute in float32."""
        ...
