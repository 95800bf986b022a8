"""A way to differentiate: what every method has, and how rounding error is measured."""

import abc
import dataclasses
from collections.abc import Hashable, Iterable
from typing import ClassVar, Literal, Protocol

import numpy as np
from jaxtyping import Float, Int

from .._evaluation.evaluator import Evaluator
from .._evaluation.function import Runner
from .._evaluation.host import require_shapes
from .._foundation.layout import PyTree
from .._model.estimate import Estimate
from .._model.objective import Objective, Quantity
from .._model.problem import Problem

Source = Literal["analytic", "autodiff", "differences", "other"]


class AbstractValues(Protocol):
    """What the measurement of noise needs: a scalar near one point, along lines."""

    @property
    def problem(self) -> Problem: ...

    @property
    def x(self) -> Float[np.ndarray, " d"]: ...

    def value(self) -> float: ...

    def along(
        self, steps: Float[np.ndarray, " k"], direction: PyTree | None = None
    ) -> Float[np.ndarray, " k"]: ...

    def epsilon(self, key: Hashable) -> float: ...


class AbstractEvaluator(Runner, Protocol):
    """What a method can use: values of the objective near one point, and programs run there.

    All numbers are NumPy float64 on the host. d is the number of parameters. The method keeps
    its steps inside of `problem.bounds`; the evaluator does not.

    Examples:
        >>> import numpy as np
        >>> from gradcompare import AbstractEvaluator, AbstractMethod, Estimate, estimate
        >>> def forward(evaluator: AbstractEvaluator, step: float) -> np.ndarray:
        ...     d = len(evaluator.x)
        ...     values = evaluator.perturbed(np.arange(d), np.full(d, step))
        ...     return (values - evaluator.value()) / step
        >>> class Forward(AbstractMethod):
        ...     label, source, symbol = "mine", "differences", "M"
        ...
        ...     def estimate(self, evaluator: AbstractEvaluator) -> Estimate:
        ...         slopes, wider = forward(evaluator, 1e-6), forward(evaluator, 2e-6)
        ...         return Estimate(slopes, np.abs(wider - slopes))
        >>> estimate(lambda x: x @ x, [1.0, 2.0], method=Forward()).value.round(4)
        array([2., 4.])
    """

    @property
    def problem(self) -> Problem:
        """The objective, the point with its data, and the quantity to estimate.

        `problem.quantity` is `gradient` or `directional`; `problem.layout` describes the flat
        vector of the parameters, `x`, and `problem.output` that of the estimate.
        """
        ...

    @property
    def traceable(self) -> Problem:
        """The same for autodiff: functions of NumPy are rerun with `jax.numpy` in it."""
        ...

    @property
    def x(self) -> Float[np.ndarray, " d"]:
        """The point as a flat vector."""
        ...

    @property
    def dtype(self) -> np.dtype:
        """The dtype in which the programs compute."""
        ...

    @property
    def chunk(self) -> int:
        """The number of the 2d points of a central difference that are evaluated together."""
        ...

    def value(self) -> float:
        """The objective at the point."""
        ...

    def perturbed(
        self, indices: Int[np.ndarray, " k"], steps: Float[np.ndarray, " k"]
    ) -> Float[np.ndarray, " k"]:
        """The objective at `x + steps[j] * e_i`, i = `indices[j]`, for every j."""
        ...

    def along(
        self, steps: Float[np.ndarray, " k"], direction: PyTree | None = None
    ) -> Float[np.ndarray, " k"]:
        """The objective at `x + steps[j] * direction`; the problem's own direction for None."""
        ...


@dataclasses.dataclass(frozen=True)
class AbstractMethod(abc.ABC):
    """One way to differentiate an objective. Its fields are its hyper-parameters.

    A method evaluates the objective with an `AbstractEvaluator` and returns an `Estimate`. The
    engine, not the method, compiles, times, moves arrays between devices and catches exceptions.

    Examples:
        Central differences with one step; the error bar is the difference to twice the step:

        >>> from dataclasses import dataclass
        >>> from typing import ClassVar
        >>> import numpy as np
        >>> import gradcompare
        >>> @dataclass(frozen=True)
        ... class Plain(gradcompare.AbstractMethod):
        ...     label: ClassVar = "plain"
        ...     source: ClassVar = "differences"
        ...     symbol: ClassVar = "P"
        ...     step: float = 1e-5
        ...
        ...     def estimate(self, evaluator):
        ...         once = self.quotients(evaluator, self.step)
        ...         twice = self.quotients(evaluator, 2 * self.step)
        ...         return gradcompare.Estimate(once, np.abs(twice - once))
        ...
        ...     def quotients(self, evaluator, h):
        ...         d = len(evaluator.x)
        ...         steps = np.repeat([h, -h], d)
        ...         up, down = np.split(evaluator.perturbed(np.tile(np.arange(d), 2), steps), 2)
        ...         return (up - down) / (2 * h)
        >>> estimate = gradcompare.estimate(lambda x: (x**3).sum(), [1.0, 2.0], method=Plain())
        >>> print(np.round(estimate.value, 6))
        [ 3. 12.]
    """

    label: ClassVar[str]
    """The name of the method, on the command line as well."""

    source: ClassVar[Source]
    """The source of a derivative that it uses."""

    symbol: ClassVar[str]
    """One or two letters for the heads of tables."""

    votes: ClassVar[bool] = False
    """Whether it represents its source in the verdict; the others are shown beside it."""

    standard: ClassVar[bool] = True
    """Whether `compare` uses it if no methods are named."""

    several: ClassVar[bool] = False
    """Whether it gives Jacobians, Hessians and products as well."""

    judges: ClassVar[bool] = False
    """Whether it works on the host with many small programs, always in float64."""

    @property
    def name(self) -> str:
        """The label with the hyper-parameters that differ from their defaults."""
        changed = [
            f"{field.name}={getattr(self, field.name):g}"
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        ]
        return f"{self.label}({', '.join(changed)})" if changed else self.label

    def unsupported(self, objective: Objective, quantity: Quantity) -> str | None:
        """Returns a sentence that says why the method cannot be used here, or None."""
        if quantity in ("gradient", "directional") or self.several:
            return None
        return f"{self.label} gives gradients and directional derivatives alone"

    @abc.abstractmethod
    def estimate(self, evaluator: AbstractEvaluator) -> Estimate:
        """Returns the estimate of `evaluator.problem.quantity`, as flat vectors."""

    def confirmed(
        self, evaluator: AbstractEvaluator, estimate: Estimate, entries: Int[np.ndarray, " k"]
    ) -> Estimate:
        """Returns the estimate with bars that hold what further measurements of entries gave.

        It is asked for before the other sources are accused of these entries.
        """
        return estimate

    def above_noise(
        self,
        evaluator: AbstractEvaluator,
        estimate: Estimate,
        entries: Int[np.ndarray, " k"],
        noise: float,
    ) -> Estimate:
        """Returns the estimate with entries that were measured anew, as f has more noise.

        It is asked for where all steps of a difference lay within one stair of the rounding.
        """
        return estimate


def voters(methods: Iterable[AbstractMethod]) -> dict[str, str]:
    """Returns the name of the method for each source: a voting one, or else the first."""
    names: dict[str, str] = {}
    for method in sorted(methods, key=lambda method: not method.votes):
        names.setdefault(method.source, method.name)
    return names


def fitting_estimate(method: AbstractMethod, evaluator: Evaluator) -> Estimate:
    """Returns the estimate of a method.

    Raises:
        InputError: if a function of the user now returns another shape than at first.
    """
    estimate = method.estimate(evaluator)
    require_shapes([estimate.value.shape], [(evaluator.problem.output.size,)])
    return estimate


def estimate_as_declared(method: AbstractMethod, evaluator: Evaluator) -> Estimate:
    """Returns the estimate of `method` in the convention of the objective.

    The derivatives of the user's own are in that convention; the others are converted to it.
    """
    problem, convention = evaluator.problem, evaluator.problem.objective.convention
    if method.source in ("analytic", "other") or convention.plain:
        return fitting_estimate(method, evaluator)
    if problem.quantity == "gradient":
        return convention.applied(fitting_estimate(method, evaluator), evaluator.x, problem.layout)
    # The declared derivative along u is the plain one along Aᵀu, see `convention`.
    u = problem.layout.flatten(problem.direction)
    direction = problem.layout.unflatten(convention.adjoint(u, evaluator.x, problem.layout))
    return fitting_estimate(
        method, evaluator.at(dataclasses.replace(problem, direction=direction))
    )
