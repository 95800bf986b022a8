"""What a user writes, for a strict type checker: no line of it may be an error."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import gradcompare
from gradcompare import (
    AbstractEvaluator,
    AbstractMethod,
    Comparison,
    Convention,
    Estimate,
    Explanation,
    Finding,
    InputError,
    Judgement,
    Location,
    Objective,
    PointResult,
    Result,
    SelfTest,
    Timing,
    UnknownNameError,
    Verdict,
    check,
    compare,
    estimate,
    get_objective,
    list_objectives,
    locate,
    selftest,
    watch,
)
from gradcompare.testing import GradientMismatch, assert_gradient, assert_objective

x0 = np.array([0.5, -1.0, 2.0])


def value(x: Any, scale: float = 1.0) -> Any:
    return scale * (x**2).sum()


def gradient(x: Any, scale: float = 1.0) -> Any:
    return 2 * scale * x


# check and compare
comparison: Comparison = check(value, gradient, x0, 3.0, points=2, sign=-1, domain="positive")
check(value, True, {"w": x0}, argnums=(0, 1), bounds=(0.0, {"w": x0}), direction=[1.0])
check(value, None, 1.0, wrt="log", intent="upper_bound", on_error="row", executor=None)
compare(["ridge", get_objective("ridge")], "central", sizes=[3, 4], quantity="directional")
ok: bool = comparison.ok
verdict: Verdict = comparison.verdict
code: str = verdict.code
explanation: Explanation = verdict.explanation
sentences: list[str] = [verdict.cause, verdict.advice, explanation.cause, str(comparison)]
rank: int = Verdict.AGREE.rank
text: str = comparison.to_json()
again: Comparison = Comparison.from_json(text)
plain: dict[str, Any] = comparison.to_dict()

for result in comparison:
    one: Result = result
    name: str = result.objective + result.name(0)
    timing: Timing | None = result.timings.get("reverse")
    seconds: float = 0.0 if timing is None else timing.median_seconds
    findings: tuple[Finding, ...] = result.diagnosis
    kinds: list[str] = [finding.kind for finding in findings]
    for point in result.points:
        here: PointResult = point
        judgement: Judgement = point.judgement
        worst: tuple[int, ...] = judgement.faulty
        floor: float = judgement.floor
        bars = {name: part.error for name, part in point.estimates.items()}

# locate, estimate, selftest, watch
location: Location = locate(value, gradient, x0, tests=4, most=2)
wrong: dict[int, str] = location.coordinates
largest: float = max(fault.error for fault in location.faults)
found: Estimate = estimate(value, x0, 2.0, method="central")
numbers: list[float] = [*found.value, *found.error]
evaluations: int = found.evaluations
planted: SelfTest = selftest(comparison)
caught: int = sum(fault.caught for part in planted.parts for fault in part.faults)
answers: list[str] = [str(answer) for answer in (location, found, planted) if not answer.ok]

watched = watch(value, gradient, capacity=4)
watched.value(x0, 2.0)
seen: Comparison = watched.check(points=2)

# in a test
assert_gradient(value, gradient, x0, points=1)
assert_objective("ridge", points=1)
try:
    assert_gradient(value, None, x0)
except GradientMismatch as mismatch:
    report: str = mismatch.report
except UnknownNameError:
    raise
except InputError as error:
    raise SystemExit(str(error)) from error


# an objective
def ridge(params: Any, data: Any) -> Any:
    return (params**2).sum() + data


def make(rng: np.random.Generator, size: int) -> tuple[Any, Any]:
    return rng.standard_normal(size), 1.0


objective = Objective(
    name="my-ridge",
    value=ridge,
    make=make,
    gradient=lambda params, data: 2 * params,
    convention=Convention(sign=-1, wrt="log"),
    expected=Verdict.ANALYTIC_WRONG,
)
names: list[str] = [*list_objectives(), objective.name, gradcompare.__version__]


# a method
@dataclass(frozen=True)
class Backward(AbstractMethod):
    label: ClassVar = "backward"
    source: ClassVar = "differences"
    symbol: ClassVar = "B"

    step: float = 1e-7

    def estimate(self, evaluator: AbstractEvaluator) -> Estimate:
        d = len(evaluator.x)
        steps = np.full(d, -self.step)
        quotient = (evaluator.perturbed(np.arange(d), steps) - evaluator.value()) / steps
        probe = evaluator.along(np.array([self.step]), evaluator.problem.params)
        exact = evaluator.run(self, self.program)
        return Estimate(quotient, np.abs(exact - quotient) + abs(float(probe[0])), d + 2)

    def program(self, params: Any, data: Any, direction: Any) -> Any:
        return params

    def unsupported(self, objective: Objective, quantity: str) -> str | None:
        return None if quantity == "gradient" else "only gradients"


check(value, gradient, x0, methods=["analytic", Backward(step=1e-8)])
