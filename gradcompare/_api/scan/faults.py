"""When a derivative is wrong, of what kind the fault is, and which point shows it best."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .inputs.call import ORDER, Call
from .inputs.targets import Named
from .result import Fault, Kind

if TYPE_CHECKING:
    from .truth.slope import Truth

WRONG = 1e-7
"""Relative error from which a derivative counts as wrong: half of its digits are lost."""

SMALL = 1e-6
"""Error, as a part of the usual derivative, below which it is only relatively wrong."""

UNDERFLOW = 1e-290
"""Distances below this are those of numbers that vanish on the way."""

EXTREME = 1e50
"""Beyond this number, and below its inverse, powers and products leave the range of float64."""

OVERFLOW = 1e300
"""Derivatives above this may be infinite in float64."""


@dataclass(frozen=True)
class Claim:
    """A derivative that is refuted.

    Attributes:
        point: The arguments.
        autodiff: The derivative of autodiff.
        truth: The derivative.
        source: What knows it.
        usual: The usual size of the derivative of this function.
        cause: Why, if that is known already.
    """

    point: tuple[Any, ...]
    autodiff: float
    truth: "Truth"
    source: str
    usual: float
    cause: str = ""

    @property
    def closest(self) -> float:
        """The true derivative, or the closer of the slopes at a kink."""
        low, high = self.truth.low, self.truth.high
        return min((low, high), key=lambda each: abs(each - self.autodiff))

    @property
    def absolute(self) -> float:
        """The distance of autodiff from it."""
        return abs(self.autodiff - self.closest)

    @property
    def relative(self) -> float:
        """The distance, relative to the true derivative."""
        return self.absolute / abs(self.closest) if self.closest else math.inf

    def with_autodiff(self, derivative: float) -> "Claim":
        """Returns the claim with another derivative of autodiff."""
        return replace(self, autodiff=derivative)

    def fault(self, named: Named, argument: str, more: int, cause: str, lines: str) -> Fault:
        """Returns the claim as a row of the report."""
        kind = kind_of(self)
        assert kind is not None
        return Fault(
            function=named.name,
            argument=argument,
            point=point_text(self.point),
            kind=kind,
            autodiff=float(self.autodiff),
            truth=self.closest,
            bar=self.truth.bar,
            absolute=self.absolute,
            relative=self.relative,
            source=self.source,
            cause=cause,
            more=more,
            reproducer=lines,
        )


def is_wrong(derivative: float, truth: "Truth", sensitivity: float = 0.0) -> bool:
    """Whether a derivative is outside of what the truth and its rounding allow."""
    sizes = abs(truth.low), abs(truth.high)
    if not math.isfinite(derivative):
        smooth = truth.low == truth.high
        return smooth and max(sizes) < OVERFLOW
    allowed = WRONG * max(sizes) + sensitivity + UNDERFLOW
    return truth.distance(derivative) > allowed


def kind_of(claim: Claim) -> Kind | None:
    """Returns the kind of a fault; None if it is none."""
    if not is_wrong(claim.autodiff, claim.truth):
        return None
    sizes = np.abs(np.concatenate([np.ravel(each) for each in claim.point]))
    if any((sizes > EXTREME) | ((sizes > 0) & (sizes < 1 / EXTREME))):
        # There, a program may return a limit where its rule still computes.
        return None if math.isfinite(claim.autodiff) else "extreme"
    if not math.isfinite(claim.autodiff):
        return "not finite"
    return "relative" if claim.absolute <= SMALL * claim.usual else "wrong"


def worst_of(claims: Sequence[Claim], number: int) -> list[Claim]:
    """Returns the claims, the one that shows the fault best first.

    That is the one with the largest error, and among equals the one at a number closest to 1.
    """

    def rank(claim: Claim) -> tuple[float, float]:
        error = min(claim.relative, 1.0) if math.isfinite(claim.relative) else 1.0
        size = float(np.max(np.abs(claim.point[number])))
        return -round(math.log10(error or 1e-300)), abs(math.log10(size)) if size else 300.0

    return sorted(claims, key=rank)


def point_text(point: Sequence[Any]) -> str:
    """Returns the arguments as Python text."""
    return ", ".join(map(_text, point))


def _text(argument: Any) -> str:
    if isinstance(argument, (list, tuple)):
        return f"[{', '.join(map(_text, argument))}]"
    return repr(np.asarray(argument).tolist())


def reproducer(named: Named, call: Call, number: int, claim: Claim) -> str:
    """Returns three lines of Python that show the fault without this package."""
    letters = [f"x{n}" for n in range(len(call.moved))]
    rest = iter(letters)
    inner = [str(call.order) if kind == ORDER else next(rest) for kind in call.kinds]
    value = f"{named.name}({', '.join(inner)})"
    if not call.is_single:
        weighted = "y @ (1 + jax.numpy.cos(1 + jax.numpy.arange(y.size)) / 2)"
        value = f"(lambda y: {weighted})(jax.flatten_util.ravel_pytree({value})[0])"
    arrays = [
        _text(each) if np.ndim(each) == 0 else f"jax.numpy.array({_text(each)})"
        for each in claim.point
    ]
    arguments = ", ".join(arrays)
    modules = ", ".join(dict.fromkeys(["jax", "jax.flatten_util", named.module or "jax"]))
    truth = f"{claim.closest:.17g} ± {claim.truth.bar:.1e}"
    return "\n".join(
        [
            f"import {modules}",
            f"with jax.enable_x64(True): print(jax.grad(lambda {', '.join(letters)}: {value}, "
            f"{number})({arguments}))",
            f"# {float(claim.autodiff):.17g}; the true derivative is {truth}",
        ]
    )
