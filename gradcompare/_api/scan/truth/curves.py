"""A function along one argument or one entry, in numbers of mpmath."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jax.extend.core import ClosedJaxpr
from mpmath import mp

from .operations import UNKNOWN
from .program import run_program, to_digits
from .slope import Curve, Truth, slopes

SENSITIVITY = 2.0**-46
"""A function and its arguments may be off by so much: 64 units in the last place."""

SAME = 1e-6
"""Largest relative difference between the values of two forms of one function."""

MPMATH, PROGRAM = "mpmath", "its program in mpmath"


@dataclass(frozen=True)
class Digits:
    """A function that can be computed with many digits.

    Attributes:
        function: A function of arrays of objects, or of single numbers of mpmath.
        source: `MPMATH` or `PROGRAM`.
    """

    function: Callable[..., Any]
    source: str

    @classmethod
    def of_program(cls, program: ClosedJaxpr) -> "Digits":
        """Returns the traced program of a function with one result."""

        def function(*arguments: np.ndarray) -> Any:
            return run_program(program, arguments)[0].item()

        return cls(function, PROGRAM)

    @classmethod
    def of_numbers(cls, function: Callable[..., Any]) -> "Digits":
        """Returns a function of mpmath."""
        return cls(lambda *arrays: function(*(each.item() for each in arrays)), MPMATH)

    def at(self, arguments: Sequence[Any]) -> float:
        """Returns the value with as many digits as float64 has; nan if it is not known."""
        with mp.workdps(60):
            try:
                value = self.function(*map(to_digits, arguments))
            except UNKNOWN:
                return float("nan")
            return float(value) if isinstance(value, (mp.mpf, int)) else float("nan")

    def truth(
        self, arguments: Sequence[Any], number: int, entry: tuple[int, ...] = ()
    ) -> Truth | None:
        """Returns the derivative by one entry of one argument; None if it is not certain.

        Raises:
            UnsupportedError: if the function cannot be computed there.
        """
        start = float(np.asarray(arguments[number])[entry])
        return slopes(self._curve(arguments, number, entry), abs(start) or 1.0)

    def sensitivity(
        self, arguments: Sequence[Any], number: int, entry: tuple[int, ...] = ()
    ) -> float:
        """Returns how far the derivative moves if all arguments move by their rounding."""
        truth = self.truth(arguments, number, entry)
        moves = []
        for seed in (0, 1):
            generator = np.random.default_rng(seed)
            moved = [
                each * (1 + SENSITIVITY * generator.choice([-1, 1], np.shape(each)))
                for each in map(np.asarray, arguments)
            ]
            there = self.truth(moved, number, entry)
            if truth is None or there is None:
                return float("inf")
            moves.append(max(abs(there.low - truth.low), abs(there.high - truth.high)))
        return max(moves)

    def _curve(self, arguments: Sequence[Any], number: int, entry: tuple[int, ...]) -> Curve:
        def curve(t: Any) -> Any:
            arrays = [to_digits(each) for each in arguments]
            arrays[number] = arrays[number].copy()
            arrays[number][entry] = arrays[number][entry] + t
            value = self.function(*arrays)
            return value if isinstance(value, (mp.mpf, int, float)) else mp.nan

        return curve
