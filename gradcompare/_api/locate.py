"""`locate`: finds the wrong coordinates of a gradient with few evaluations of f.

With d parameters, differences along every coordinate take at least 2d values of f. Along one
direction u they take about ten, for any d, and

    (gradient)ᵀu − f′(x; u) = Σ eᵢ uᵢ,     e the error of the gradient,

is zero within the error bars if the gradient is right. If it is not zero for a random u
(`_locate.directions` derives the probability that an error is missed), `_locate.bisection` finds
the wrong coordinates: k of them with about k log₂(d/k) further directions. Each is then checked
alone, and accused only if its own difference contradicts its entry. The search leaves out the
coordinates that it has found, and goes on until the others pass `tests` directions in succession.

The judge (`methods.richardson`) estimates all derivatives along directions, with their bars, and
chooses the steps. Errors below the bars cannot be detected, and a direction has one bar for all
coordinates that move along it. So the detection floor of a coordinate, which every result states,
is higher than in a check of all coordinates. It is the largest threshold of a direction that it
passed, divided by the shortest distance that the coordinate moves along it.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from .._engine.point.narrow import estimate_as_written
from .._engine.point.other import without_copies
from .._engine.run import where_traceable
from .._engine.settings import Settings, evaluator_of, make_settings
from .._evaluation.checks import require_usable
from .._evaluation.evaluator import Evaluator
from .._evaluation.twin import with_valid_twin
from .._foundation.errors import InputError
from .._foundation.layout import Layout, PyTree
from .._foundation.precision import FLOAT64, precision_scope
from .._foundation.wording import LISTED, listed
from .._locate.bisection import Halving
from .._locate.location import Location
from .._locate.other import Rival
from .._locate.search import Search
from .._model.arguments.signature import Signature
from .._model.arguments.user_functions import Adapted, as_objective
from .._model.arguments.validation import require_function
from .._model.estimate import Estimate
from .._model.problem import Problem
from ..methods._base import AbstractMethod
from ..methods._other import with_other


def locate(
    value: Callable[..., Any],
    gradient: Callable[..., PyTree] | Literal[True] | None,
    x0: PyTree,
    *args: Any,
    argnums: int | Sequence[int] = 0,
    bounds: tuple[PyTree, PyTree] = (-math.inf, math.inf),
    domain: PyTree | None = None,
    accuracy: float | None = None,
    tests: int = 5,
    most: int = 20,
    seed: int = 0,
    other: Callable[..., PyTree] | None = None,
    device: str | None = None,
    memory_bytes: int = Settings.memory_bytes,
    executor: Executor | None = None,
) -> Location:
    """Finds the wrong entries of a very long gradient, without a difference for each.

    This is for a `value` that autodiff cannot trace and that has many parameters; elsewhere,
    `check` tells more. It uses one point only, and a wrong gradient can look right at a special
    one: give an ordinary point.

    Args:
        value: As for `check`.
        gradient: As for `check`.
        x0: As for `check`.
        args: As for `check`.
        argnums: As for `check`.
        bounds: As for `check`.
        domain: As for `check`.
        accuracy: As for `check`: errors up to this share of the largest entry are accepted.
        tests: Number of random directions in succession that must show no mismatch, for each of
            the two ways to scale them. Errors that hide one another are missed with a
            probability of at most 2^−tests.
        most: Largest number of wrong coordinates that are all named. If there are more, or more
            than an eighth of all, only some are named.
        seed: Seed of the directions.
        other: As for `check`. Coordinates in which it differs are measured first, each alone.
        device: The default device of JAX by default.
        memory_bytes: As for `check`.
        executor: As for `check`.

    Returns:
        A location: print it, or ask for its `.ok`, `.coordinates` or `.floor`. Its number of
        evaluations leaves out a few calls at the start that tell what kind of function `value` is.

    Raises:
        InputError: if an argument cannot be used, or the value at the point is not finite or
            differs from call to call.

    Examples:
        >>> import numpy as np
        >>> import gradcompare
        >>> def value(x):
        ...     return float(np.sum(np.sin(x)))
        >>> def gradient(x):
        ...     g = np.cos(x)
        ...     g[314] *= 1.01  # a slip
        ...     return g
        >>> location = gradcompare.locate(value, gradient, np.linspace(0.1, 2.0, 1000))
        >>> location.coordinates
        {314: 'x[314]'}
        >>> location.evaluations < 1000  # central differences take 2000
        True
    """
    for name, number in (("tests", tests), ("most", most)):
        if not isinstance(number, (int, np.integer)) or number < 1:
            raise InputError(f"{name} is {number!r}; give an integer of at least 1")
    signature = Signature.of((x0, *args), argnums)
    objective = as_objective(value, gradient, signature, bounds, domain)
    if other is not None:
        require_function("other", other)
        objective = replace(objective, other=Adapted(other, signature, "gradient"))
    objective = replace(objective, accuracy=accuracy)
    settings = make_settings(
        with_other(["reverse" if gradient is None else "analytic"], other),
        device=device,
        seed=seed,
        memory_bytes=memory_bytes,
        executor=executor,
    )
    problem = Problem.at(objective, signature.params, signature.data, "x0")
    with precision_scope(FLOAT64):
        evaluator = evaluator_of(problem, settings)
        if gradient is None:
            evaluator = with_valid_twin(evaluator)
        require_usable(evaluator)
        method = settings.methods[0]
        tested = where_traceable(method, evaluator, lambda: estimate_as_written(evaluator, method))
        rival = None if other is None else _rival(evaluator, settings.methods, tested)
        suspects = () if rival is None else rival.differs
        search = Search(evaluator, tested, tests, most, seed, suspects)
        search.run()
    location = _location(search, evaluator, tested, tests)
    return location if rival is None else _with_rival(location, rival, search, problem.layout)


def _rival(
    evaluator: Evaluator, methods: Sequence[AbstractMethod], gradient: Estimate
) -> Rival | None:
    """Returns the other derivative; None if it is the program of the gradient."""
    mine, other = methods
    estimate = where_traceable(other, evaluator, lambda: estimate_as_written(evaluator, other))
    votes = without_copies(evaluator, methods, {mine.source: gradient, other.source: estimate})
    if other.source not in votes:
        return None
    return Rival.of(estimate, gradient, evaluator.problem.objective.accuracy)


def _with_rival(location: Location, rival: Rival, search: Search, layout: Layout) -> Location:
    """Returns the location with what the other derivative adds."""
    wrong = search.faults.keys()
    sentences = rival.sentences(search.alone, wrong, layout)
    disputed = rival.disputed(search.alone, wrong)
    return replace(
        location,
        notes=(*sentences, *location.notes),
        disputed=tuple(layout.name(i) for i in disputed),
    )


def _location(search: Search, evaluator: Evaluator, gradient: Estimate, tests: int) -> Location:
    problem, size = evaluator.problem, np.abs(gradient.value)
    scale = float(np.max(size[np.isfinite(size)], initial=0.0))
    floors = _floors(search, problem.layout.size, scale)
    faults = sorted(search.faults.values(), key=lambda fault: -abs(np.nan_to_num(fault.error)))
    other, tested = np.ones(len(floors), bool), np.isfinite(floors)
    other[list(search.faults)] = False
    untested = np.flatnonzero(other & ~tested)
    beyond = search.beyond or Halving((), 0, 0)
    return Location(
        problem.objective.name,
        problem.layout.size,
        tuple(faults),
        search.most,
        search.beyond is not None,
        beyond.failed,
        beyond.blocks,
        search.untraced,
        search.mismatches.evaluations,
        search.mismatches.directions,
        tests,
        0.5**tests,
        floors,
        scale,
        int(np.sum(tested & (size > floors))),
        int(np.sum(other & (size > 0))),
        problem.layout.name(int(np.argmax(np.where(tested, floors, -1.0)))),
        len(untested),
        tuple(problem.layout.name(int(i)) for i in untested[:LISTED]),
        (*_dead(search, evaluator, gradient), *_kinks(search), *evaluator.cache.notes),
    )


def _floors(search: Search, d: int, scale: float) -> Float[np.ndarray, " d"]:
    """The smallest error that would have been detected; infinity instead of more than `scale`."""
    floors = np.full(d, np.inf)
    for family, threshold in search.passed:
        floors[family.members] = np.fmin(floors[family.members], threshold / family.reach)
    floors[list(search.faults)] = np.inf
    return np.where(floors > scale, np.inf, floors) if scale > 0 else floors


def _dead(search: Search, evaluator: Evaluator, gradient: Estimate) -> list[str]:
    """Names the arrays of parameters that hold a wrong coordinate and whose gradient is all 0."""
    layout, faults = evaluator.problem.layout, np.array(list(search.faults), int)
    spans = zip(layout.paths, layout.offsets[:-1], layout.offsets[1:], strict=True)
    dead = [
        path
        for path, start, stop in spans
        if np.any((start <= faults) & (faults < stop)) and not np.any(gradient.value[start:stop])
    ]
    return [f"The gradient is exactly 0 in every entry of {listed(dead)}."] if dead else []


def _kinks(search: Search) -> list[str]:
    if not search.mismatches.kinks:
        return []
    return [
        f"f has a kink along {search.mismatches.kinks} of the directions, where every value "
        "between the one-sided derivatives is right; try a point beside the kinks"
    ]
