"""One check of a gradient of a solver's result, by this package and by three common rules."""

import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import jax
import numpy as np
import solver_families
import solver_families_jax
import solver_families_ode
import solver_families_scipy
from jaxtyping import Float
from solver_families import Family, Problem

import gradcompare

FAMILIES = (
    *solver_families.FAMILIES,
    *solver_families_ode.FAMILIES,
    *solver_families_scipy.FAMILIES,
    *solver_families_jax.FAMILIES,
)

COMMON = ("sign", "factor 2", "dropped entry")
"""Faults that every gradient can have. The dropped entry is the largest one at x0."""

SLACK = 100.0
"""Ratio of the accuracy that is accepted to the tolerance of the solver."""

FINEST = 1e-9
"""The smallest accuracy that is asked for."""

CLEAR = 3.0
"""Ratio of the error of a wrong gradient to the accuracy from which it counts as wrong."""

RULES = ("check_grad", "gradcheck", "Taylor")


@dataclass
class Trial:
    """The answers about one gradient.

    Attributes:
        family: The solver.
        tolerance: Its tolerance.
        seed: The number of the problem.
        fault: The fault of the gradient; empty if it is right.
        off: Its largest error at x0, relative to the largest entry.
        plain: The verdict of `check` without an accuracy.
        accurate: The verdict with one of 100 tolerances.
        passes: Which of the rules it passes.
        report: The report of the check with an accuracy, then of that without.
    """

    family: str
    tolerance: float
    seed: int
    fault: str
    off: float
    plain: str
    accurate: str
    passes: dict[str, bool] = field(default_factory=dict)
    report: str = ""


def accuracy_for(tolerance: float) -> float:
    return max(SLACK * tolerance, FINEST)


def installed(family: Family) -> bool:
    return importlib.util.find_spec(family.needs) is not None


def make(family: Family, tolerance: float, seed: int) -> Problem:
    number = [each.name for each in FAMILIES].index(family.name)
    return family.make(np.random.default_rng([number, seed]), tolerance)


def gradient_of(problem: Problem, fault: str) -> Callable:
    """Returns the gradient with a fault, in the numbers of its own library."""
    if fault not in COMMON:
        return lambda p: problem.gradient(p, fault)
    factor = {"sign": -np.ones(len(problem.x0)), "factor 2": np.full(len(problem.x0), 2.0)}
    kept = np.ones(len(problem.x0))
    kept[np.argmax(np.abs(problem.gradient(problem.x0)))] = 0.0
    array = factor.get(fault, kept)
    return lambda p: array * problem.gradient(p)


def run_trial(family: Family, tolerance: float, seed: int, fault: str) -> Trial | None:
    """Returns the answers; None where the fault is too small for the accuracy to show."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        problem = make(family, tolerance, seed)
        gradient = gradient_of(problem, fault)
        truth = make(family, family.exact or tolerance, seed).gradient(problem.x0)
        off = float(np.max(np.abs(gradient(problem.x0) - truth)) / np.max(np.abs(truth)))
        both, accuracy = (problem.value, gradient), accuracy_for(tolerance)
        if fault and off <= CLEAR * accuracy:
            return None
        accurate = gradcompare.check(*both, problem.x0, accuracy=accuracy, **problem.options)
        plain = gradcompare.check(*both, problem.x0, **problem.options)
        return Trial(
            family=family.name,
            tolerance=tolerance,
            seed=seed,
            fault=fault,
            off=off,
            plain=plain.verdict.name,
            accurate=accurate.verdict.name,
            passes=passed(*(map(jax.jit, both) if family.traced else both), problem.x0),
            report=f"{accurate}\n{plain}",
        )


def passed(value: Callable, gradient: Callable, x: Float[np.ndarray, " d"]) -> dict[str, bool]:
    """Returns which of the rules a gradient passes.

    - `check_grad`: the 2-norm of the error is at most 1e-5, with SciPy's forward differences of
      1.5e-8
    - `gradcheck`: each error is at most 1e-5 and 1e-3 of the entry, with torch's central
      differences of 1e-6
    - `Taylor`: along a random direction, the remainder falls with the step to a power from 1.8
      to 2.2, with steps from 1e-2 to 6e-4
    """
    g = np.asarray(gradient(x))
    forward = np.array([value(x + h) - value(x) for h in 2.0**-26 * np.eye(len(x))]) * 2.0**26
    central = np.array([value(x + h) - value(x - h) for h in 1e-6 * np.eye(len(x))]) / 2e-6
    return {
        "check_grad": bool(np.linalg.norm(forward - g) <= 1e-5),
        "gradcheck": bool(np.all(np.abs(central - g) <= 1e-5 + 1e-3 * np.abs(central))),
        "Taylor": bool(1.8 <= remainder_slope(value, g, x) <= 2.2),
    }


def remainder_slope(value: Callable, g: np.ndarray, x: np.ndarray) -> float:
    """Returns the power of the step with which Taylor's remainder falls, by least squares."""
    u = np.random.default_rng(0).standard_normal(len(x))
    u /= np.linalg.norm(u)
    steps = 1e-2 * 2.0 ** -np.arange(5)
    rest = [abs(float(value(x + h * u)) - float(value(x)) - h * (g @ u)) for h in steps]
    logs = np.log(np.maximum(rest, 1e-300))
    return float(np.polyfit(np.log(steps), logs, 1)[0])
