"""`watch`: from the symptom of an optimiser to a verdict on its gradient.

A wrong gradient shows as an optimiser that gives up: L-BFGS-B ends with
ABNORMAL_TERMINATION_IN_LNSRCH, BFGS with a loss of precision, and a hand-written loop halves its
step for ever. A line search looks for a point where f falls by a fraction of what the gradient
predicts along the direction p,

    f(x + t p) ≤ f(x) + c t gᵀp,    0 < c < 1

(Nocedal & Wright, Numerical Optimization, 2nd ed. 2006, equation 3.4). If g predicts what f does
not do, there may be none. So `watch` records the points, and checks the gradient where progress
stopped, at the first point, at the last, and in between.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._engine.run import run
from .._engine.settings import Case, Settings, make_settings
from .._foundation.errors import InputError
from .._foundation.layout import PyTree
from .._introspection.jax_internals import is_traced
from .._model.arguments.signature import Signature
from .._model.arguments.user_functions import as_objective
from .._model.arguments.validation import as_point, require_functions
from .._model.problem import Problem
from .._points.sources import FixedPoints
from .._results.result import Comparison
from .._watch.story import choose, explanation, story
from .._watch.trajectory import Track, Visit
from ..methods._base import AbstractMethod
from ..methods._registry import voting_methods

Gradient = Callable[..., PyTree] | Literal[True] | None


def watch(value: Callable[..., Any], gradient: Gradient, *, capacity: int = 16) -> "Watched":
    """Records where an optimiser evaluates a function and its gradient, to check them there.

    Args:
        value: `value(x, *args)`, the objective of the optimiser.
        gradient: `gradient(x, *args)`; True where `value` returns the pair (value, gradient);
            None to check autodiff.
        capacity: Number of points of the run that are kept, besides four special ones. Points are
            copied, further arguments are not.

    Raises:
        InputError: if an argument cannot be used.

    Examples:
        An optimiser gets `watched.value` and `watched.gradient`, as in
        `scipy.optimize.minimize(watched.value, x0, jac=watched.gradient)`. Here it is a loop:

        >>> import numpy as np
        >>> import gradcompare
        >>> watched = gradcompare.watch(lambda x: float(x @ x), lambda x: 2 * x)
        >>> x = np.array([1.0, -2.0])
        >>> for _ in range(10):
        ...     f = watched.value(x)
        ...     x = x - 0.1 * watched.gradient(x)
        >>> comparison = watched.check()
        >>> comparison.verdict.name
        'AGREE'
        >>> print(comparison.results[0].notes[0])
        f went from 5 to 0.090072 in 10 of 10 evaluations
    """
    if not isinstance(capacity, int) or capacity < 2:
        raise InputError(f"capacity is {capacity!r}; give an integer of at least 2")
    require_functions(value, gradient)
    return Watched(value, gradient, Track(capacity))


class Watched:
    """A function and its gradient for an optimiser, from `watch`.

    Attributes:
        track: The points visited: `first`, `last`, `best`, `stopped`, `history`.
    """

    def __init__(self, value: Callable[..., Any], gradient: Gradient, track: Track):
        self.track = track
        self._value = value
        self._gradient: Gradient = gradient
        self._was_traced = False

    def value(self, x: PyTree, *args: Any) -> Any:
        """Returns the result of the function, and records the point."""
        point = self._copied(x)
        result = self._value(x, *args)
        if point is None:
            return result
        pair = self._gradient is True and isinstance(result, (tuple, list)) and len(result) == 2
        self.track.add_value(*point, args, _number(result[0] if pair else result))
        if pair:
            self.track.add_gradient(*point, args, _norm(result[1]))
        return result

    @property
    def gradient(self) -> Gradient:
        """The gradient, which records its points; True or None as passed to `watch`."""
        if self._gradient is None or self._gradient is True:
            return self._gradient
        return self._watched_gradient

    def _watched_gradient(self, x: PyTree, *args: Any) -> PyTree:
        assert callable(self._gradient)
        point = self._copied(x)
        result = self._gradient(x, *args)
        if point is not None:
            self.track.add_gradient(*point, args, _norm(result))
        return result

    def check(
        self,
        *,
        points: int = 4,
        methods: Iterable[str | AbstractMethod] | None = None,
        bounds: tuple[PyTree, PyTree] = (-math.inf, math.inf),
        domain: PyTree | None = None,
        accuracy: float | None = None,
        device: str | None = None,
        memory_bytes: int = Settings.memory_bytes,
        on_error: Literal["row", "raise"] = "raise",
    ) -> Comparison:
        """Checks the gradient at points of the run.

        Args:
            points: Largest number of points: where progress stopped, the first, the last, and
                others spread over the run.
            methods: As for `check`.
            bounds: As for `check`.
            domain: As for `check`.
            accuracy: As for `check`.
            device: As for `check`.
            memory_bytes: As for `check`.
            on_error: As for `check`.

        Returns:
            A comparison whose notes tell the course of the run. It has one result, or more if
            the further arguments changed their shapes.

        Raises:
            InputError: if no point was recorded, or an argument cannot be used.
        """
        settings = make_settings(
            voting_methods() if methods is None else methods,
            device=device,
            points=points,
            timing=False,
            memory_bytes=memory_bytes,
            on_error=on_error,
        )
        self._require_points()
        groups = _alike(choose(self.track, points))
        comparison = run(
            [self._case(group, bounds, domain, accuracy) for group in groups], settings
        )
        results = [
            replace(r, notes=(*story(self.track), *explanation(self.track, r), *r.notes))
            for r in comparison
        ]
        return replace(comparison, results=tuple(results))

    def _require_points(self) -> None:
        if self.track.first is not None:
            return
        calls = "called only inside of compiled or differentiated code"
        raise InputError(
            f"the functions were {calls if self._was_traced else 'never called'}, so there are "
            "no points to check; give "
            "watched.value and watched.gradient to an optimiser that calls them on numbers"
        )

    def _case(
        self,
        visits: list[tuple[str, Visit]],
        bounds: tuple[PyTree, PyTree],
        domain: PyTree,
        accuracy: float | None,
    ) -> Case:
        first = visits[0][1]
        signature = Signature.of((first.x, *first.args), 0)
        objective = as_objective(self._value, self._gradient, signature, bounds, domain)
        objective = replace(objective, accuracy=accuracy)

        def problem(label: str, visit: Visit) -> Problem:
            there = Signature.of((visit.x, *visit.args), 0)
            return Problem.at(objective, there.params, there.data, label)

        return Case(objective, None, FixedPoints([partial(problem, *each) for each in visits]))

    def _copied(self, x: PyTree) -> tuple[PyTree, Float[np.ndarray, " d"]] | None:
        """A copy of the point, because optimisers reuse their arrays, and its vector."""
        leaves, treedef = jax.tree.flatten(as_point(x))
        if any(is_traced(leaf) for leaf in leaves):
            self._was_traced = True
            return None
        copies = [np.array(leaf) if _is_array(leaf) else leaf for leaf in leaves]
        return jax.tree.unflatten(treedef, copies), _flat(copies)


def _is_array(leaf: Any) -> bool:
    array = isinstance(leaf, (np.ndarray, np.generic, jax.Array))
    return array and jnp.issubdtype(leaf.dtype, jnp.number)


def _flat(tree: PyTree) -> Float[np.ndarray, " d"]:
    """The real numbers of a tree in one vector."""
    leaves = [
        leaf for leaf in jax.tree.leaves(tree) if isinstance(leaf, (int, float)) or _is_array(leaf)
    ]
    parts = [np.ravel(np.real(leaf)).astype(np.float64, copy=False) for leaf in leaves]
    return parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0), *parts])


def _number(value: Any) -> float:
    """The value as a number; NaN if it is none, which `check` reports."""
    leaves = _flat(value)
    return float(leaves[0]) if leaves.size == 1 else math.nan


def _norm(gradient: PyTree) -> float:
    return float(np.linalg.norm(_flat(gradient)))


def _alike(visits: list[tuple[str, Visit]]) -> list[list[tuple[str, Visit]]]:
    """Groups the visits whose arguments differ in numbers only, in their order."""
    groups: dict[Any, list[tuple[str, Visit]]] = {}
    for label, visit in visits:
        leaves, treedef = jax.tree.flatten((visit.x, visit.args))
        kinds = tuple(
            (np.shape(leaf), np.asarray(leaf).dtype)
            if isinstance(leaf, float) or _is_array(leaf)
            else (leaf if isinstance(leaf, (int, str)) else id(leaf))
            for leaf in leaves
        )
        groups.setdefault((treedef, kinds), []).append((label, visit))
    return list(groups.values())
