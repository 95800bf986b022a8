"""A way to differentiate: what every method has, and how rounding error is measured."""

import abc
import dataclasses
from collections.abc import Iterable
from typing import ClassVar, Literal

from .._evaluation.evaluator import Evaluator
from .._model.estimate import Estimate
from .._model.objective import Objective, Quantity

Source = Literal["analytic", "autodiff", "differences"]


@dataclasses.dataclass(frozen=True)
class AbstractMethod(abc.ABC):
    """One way to differentiate an objective. Its fields are its hyper-parameters.

    A method asks `Evaluator` for what it needs and returns an `Estimate`. It does not
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
    def estimate(self, evaluator: Evaluator) -> Estimate:
        """Returns the estimate of the quantity that `programs.problem` asks for, flat."""


def voters(methods: Iterable[AbstractMethod]) -> dict[str, str]:
    """The name of the method that speaks for each source: a voting one, or else the first."""
    names: dict[str, str] = {}
    for method in sorted(methods, key=lambda method: not method.votes):
        names.setdefault(method.source, method.name)
    return names


def estimate_as_declared(method: AbstractMethod, evaluator: Evaluator) -> Estimate:
    """Returns what `method` says about the derivative that the objective's convention means.

    The hand-written derivative is that derivative; the others are brought to its convention.
    """
    problem, convention = evaluator.problem, evaluator.problem.objective.convention
    if method.source == "analytic" or convention.plain:
        return method.estimate(evaluator)
    if problem.quantity == "gradient":
        return convention.applied(method.estimate(evaluator), evaluator.x, problem.layout)
    u = problem.layout.flatten(problem.direction)
    direction = problem.layout.unflatten(convention.adjoint(u, evaluator.x, problem.layout))
    return method.estimate(evaluator.at(dataclasses.replace(problem, direction=direction)))
