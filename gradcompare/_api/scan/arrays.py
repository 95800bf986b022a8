"""A function of vectors or matrices at general and at special ones."""

import importlib.util
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._foundation.errors import outcome_of
from .faults import WRONG, Claim, is_wrong, kind_of, reproducer, worst_of
from .inputs.call import LIST, MATRIX, SCALAR, VECTOR, Call, differentiable
from .inputs.points import SYMMETRIC, matrices, traced, vectors
from .inputs.targets import Named
from .result import Fault
from .scalars import AGREES, STEP
from .truth.judge import JUDGE, contradiction

JUDGED = 2
"""The most special arrays of one argument that the judge sees."""


SIDES, BENT = 1e-5, 1e-2
"""Step, relative to the largest entry, and distance of the two slopes at which there is a kink."""


@dataclass(frozen=True, eq=False)
class Arrays:
    """A function of arrays, with its compiled programs.

    Attributes:
        named: The function and its name.
        call: The way to call it.
        seed: The seed of the arrays.
    """

    named: Named
    call: Call
    seed: int

    @cached_property
    def value(self) -> Callable[..., Any]:
        """The compiled value."""
        return jax.jit(self.call.value)

    @cached_property
    def gradients(self) -> dict[int, Callable[..., Any]]:
        """The compiled derivative by each argument that has one."""
        reasons = differentiable(self.call)
        return {
            n: jax.jit(jax.grad(self.call.value, argnums=n))
            for n, reason in reasons.items()
            if not reason and self.call.kinds[self.call.moved[n]] in (VECTOR, MATRIX, SCALAR)
        }

    def points(self) -> Iterator[tuple[str, list[Any]]]:
        """Yields the arguments; one is special, with its description, and the others general."""
        kinds = [self.call.kinds[n] for n in self.call.moved]
        general = [_general(kind, self.seed + n) for n, kind in enumerate(kinds)]
        for n, kind in enumerate(kinds):
            for words, array in _special(kind, self.seed + n).items():
                if words != "general" or n == 0:
                    yield words, [*general[:n], array, *general[n + 1 :]]


def _general(kind: str, seed: int) -> Any:
    special = _special(kind, seed)
    return special.get("general", next(iter(special.values())))


def _special(kind: str, seed: int) -> dict[str, Any]:
    if kind == MATRIX:
        return matrices(seed)
    if kind == VECTOR:
        return vectors(seed)
    if kind == LIST:
        return {"general": [vectors(seed)["general"], vectors(seed + 1)["general"]]}
    return {"general": 0.71}


def examine(named: Named, call: Call, seed: int) -> tuple[int, int, list[Fault], list[str]]:
    """Returns the numbers of points and of those confirmed, the faults, and notes."""
    arrays = Arrays(named, call, seed)
    total, confirmed = 0, 0
    claims: dict[int, list[tuple[str, Claim]]] = {n: [] for n in arrays.gradients}
    judged, usual = dict.fromkeys(arrays.gradients, 0), dict.fromkeys(arrays.gradients, 0.0)
    for words, arguments in arrays.points():
        value = outcome_of(lambda a=arguments: float(arrays.value(*a)))
        if isinstance(value, Exception) or not np.isfinite(value):
            continue
        for number, gradient in arrays.gradients.items():
            total += 1
            auto = np.asarray(gradient(*arguments))
            move = _symmetric if words in SYMMETRIC and np.ndim(auto) == 2 else _as_it_is
            usual[number] = max(usual[number], _largest(auto))
            if _agrees(arrays, arguments, number, move(auto), move):
                continue
            outcome = _with_digits(arrays, arguments, number, auto, value, usual[number])
            if outcome == "unknown" and judged[number] < JUDGED:
                judged[number] += 1
                outcome = _with_judge(arrays, arguments, number, move)
            confirmed += outcome != "unknown"
            if isinstance(outcome, Claim):
                claims[number].append((words, outcome))
    names = [call.names[n] for n in call.moved]
    faults = [f for n, each in claims.items() for f in _faults(arrays, names[n], n, each)]
    return total, confirmed, faults, []


def _largest(array: np.ndarray) -> float:
    """Returns the largest size of a finite entry."""
    return float(np.max(np.abs(array[np.isfinite(array)]), initial=0))


def _as_it_is(array: Any) -> Any:
    return array


def _symmetric(array: Any) -> Any:
    return (array + array.T) / 2


def _along(arrays: Arrays, arguments: list, number: int, u: Any) -> Callable[[float], float]:
    x = np.asarray(arguments[number])

    def along(t: float) -> float:
        return float(arrays.value(*arguments[:number], x + t * u, *arguments[number + 1 :]))

    return along


def has_kink(arrays: Arrays, arguments: list, number: int, move: Callable) -> bool:
    """Whether the slopes on both sides differ along an entry or a random direction."""
    shape = np.shape(arguments[number])
    size = float(np.max(np.abs(arguments[number]))) or 1.0
    units = [np.eye(1, int(np.prod(shape)), n).reshape(shape) for n in range(int(np.prod(shape)))]
    for u in [*units, np.random.default_rng(arrays.seed).normal(size=shape)]:
        f, h = _along(arrays, arguments, number, move(u)), SIDES * size
        right, left = (f(h) - f(0)) / h, (f(0) - f(-h)) / h
        if not abs(right - left) <= BENT * max(abs(right), abs(left), 1.0):
            return True
    return False


def _agrees(arrays: Arrays, arguments: list, number: int, auto: Any, move: Callable) -> bool:
    """Whether extrapolated differences along two directions agree with autodiff."""
    x = np.asarray(arguments[number])
    generator = np.random.default_rng(arrays.seed)
    size = float(np.max(np.abs(x))) or 1.0
    for _ in range(2):
        u = move(generator.normal(size=x.shape))

        along = _along(arrays, arguments, number, u)
        steps = [STEP * size / 2**k for k in range(3)]
        quotients = [(along(h) - along(-h)) / (2 * h) for h in steps]
        once = [(4 * b - a) / 3 for a, b in itertools.pairwise(quotients)]
        best = (16 * once[1] - once[0]) / 15
        allowed = 100 * AGREES * max(abs(best), float(np.max(np.abs(auto), initial=0)))
        if not (abs(best - once[1]) <= allowed and abs(np.sum(auto * u) - best) <= allowed):
            return False
    return True


def _with_digits(
    arrays: Arrays, arguments: list, number: int, auto: Any, value: float, usual: float
):
    """Returns a claim; `right`, `unsettled` where there is no derivative, or `unknown`."""
    if importlib.util.find_spec("mpmath") is None:
        return "unknown"
    from .truth.curves import PROGRAM, SAME, Digits
    from .truth.operations import UNKNOWN

    form = Digits.of_program(traced(arrays.call.value, *arguments))
    outcome = "right"
    for entry in np.ndindex(np.shape(auto)):
        try:
            truth = form.truth(arguments, number, entry)
        except UNKNOWN:
            return "unknown"
        if truth is None or not abs(truth.value - value) <= SAME * abs(value) + 1e-300:
            outcome = "unsettled"
            continue
        derivative = float(auto[entry])
        # An entry of a sum may cancel: it is measured by the largest one.
        allowed = WRONG * _largest(auto)
        if is_wrong(derivative, truth, allowed) and is_wrong(
            derivative, truth, allowed + 2 * form.sensitivity(arguments, number, entry)
        ):
            return Claim(tuple(arguments), derivative, truth, PROGRAM, usual or 1.0)
    return outcome


def _with_judge(arrays: Arrays, arguments: list, number: int, move: Callable) -> Claim | str:
    def value(*moved: Any) -> Any:
        there = [*moved[:number], move(jnp.asarray(moved[number])), *moved[number + 1 :]]
        return arrays.call.value(*there)

    from .truth.slope import Truth

    if has_kink(arrays, arguments, number, move):
        return "unsettled"
    found = contradiction(value, arguments, number, arrays.seed)
    if found is None:
        return "unknown"
    truth = Truth(found.truth, found.truth, found.bar, float("nan"))
    usual = abs(found.truth) or 1.0
    claim = Claim(tuple(arguments), found.autodiff, truth, JUDGE, usual, found.cause)
    return claim if kind_of(claim) else "unsettled"


def _faults(
    arrays: Arrays, argument: str, number: int, claims: list[tuple[str, Claim]]
) -> Iterator[Fault]:
    for kind in dict.fromkeys(kind_of(claim) for _, claim in claims):
        same = [claim for _, claim in claims if kind_of(claim) == kind]
        best = worst_of(same, number)[0]
        words = next(words for words, claim in claims if claim is best)
        cause = "; ".join(filter(None, [f"at a point that is {words}", best.cause]))
        lines = reproducer(arrays.named, arrays.call, number, best)
        yield best.fault(arrays.named, argument, len(same) - 1, cause, lines)
