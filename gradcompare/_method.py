"""A way to differentiate: what every method has, and how rounding error is measured."""

import abc
import dataclasses
from collections.abc import Hashable
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float, PyTree

from ._estimate import Estimate
from ._objective import Objective, Quantity
from ._program import Function
from ._programs import Programs

Source = Literal["analytic", "autodiff", "differences"]


@dataclasses.dataclass(frozen=True)
class AbstractMethod(abc.ABC):
    """One way to differentiate an objective. Its fields are its hyper-parameters.

    A method asks `Programs` for what it needs and returns an `Estimate`. It does not
    compile, time, move arrays between devices or catch exceptions: the engine does.
    """

    label: ClassVar[str]
    """How the method is called, on the command line as well."""

    source: ClassVar[Source]
    """Which of the three sources of a derivative it draws on."""

    symbol: ClassVar[str]
    """One or two letters for the heads of tables."""

    votes: ClassVar[bool] = False
    """Whether it speaks for its source in the verdict; the others are shown beside it."""

    standard: ClassVar[bool] = True
    """Whether `compare` uses it where no methods are named."""

    judges: ClassVar[bool] = False
    """Whether it works on the host with many small programs, always in float64."""

    @property
    def name(self) -> str:
        """The label with those hyper-parameters that differ from their defaults."""
        changed = [
            f"{field.name}={getattr(self, field.name):g}"
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        ]
        return f"{self.label}({', '.join(changed)})" if changed else self.label

    def unsupported(self, objective: Objective, quantity: Quantity) -> str | None:
        """Says in a sentence why the method cannot be used here, or returns None."""
        return None

    @abc.abstractmethod
    def estimate(self, programs: Programs) -> Estimate:
        """Returns the estimate of the quantity that `programs.problem` asks for, flat."""


def estimate_as_declared(method: AbstractMethod, programs: Programs) -> Estimate:
    """Returns what `method` says about the derivative that the objective's convention means.

    The hand-written derivative is that derivative; the others are brought to its convention.
    """
    problem, convention = programs.problem, programs.problem.objective.convention
    if method.source == "analytic" or convention.plain:
        return method.estimate(programs)
    if problem.quantity == "gradient":
        return convention.applied(method.estimate(programs), programs.x, problem.layout)
    u = problem.layout.flatten(problem.direction)
    direction = problem.layout.unflatten(convention.adjoint(u, programs.x, problem.layout))
    return method.estimate(programs.at(dataclasses.replace(problem, direction=direction)))


def estimate_with_rounding(
    programs: Programs, key: Hashable, function: Function, *extra: PyTree
) -> Estimate:
    """Runs a program that is exact but for rounding, and measures its rounding error.

    Parameters and data are moved by a few units in the last place, up or down at random.
    How far the result moves shows how much it amplifies the rounding of its own
    intermediate results: forward error ≲ condition number × backward error (Higham,
    Accuracy and Stability of Numerical Algorithms, 2002, section 1.5).
    """
    value = programs.run(key, function, *extra)
    moved = [programs.run(key, function, *extra, moved=seed) for seed in range(NUDGES)]
    return Estimate(value, _rounding_bar(value, np.stack(moved), programs.epsilon(key)))


NUDGES = 3
"""How many perturbed points. More make the bar steadier and cost one gradient each."""

_SPREAD_FACTOR = 2.0
"""From the largest of `NUDGES` displacements to a bar; calibrated on the registry."""


def _rounding_bar(
    value: Float[np.ndarray, " k"], moved: Float[np.ndarray, "n k"], epsilon: float
) -> Float[np.ndarray, " k"]:
    with np.errstate(invalid="ignore"):  # a value that is not finite has no bar
        apart = np.abs(moved - value)
    # At the edge of a domain, some of the points beside it may lie outside.
    known = np.isfinite(apart)
    spread = np.where(known.any(axis=0), np.max(apart, axis=0, where=known, initial=0), np.nan)
    return _SPREAD_FACTOR * (spread + 2 * epsilon * np.abs(value))
