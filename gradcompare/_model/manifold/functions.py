"""A user's functions of x as functions of a tangent vector v at a point x, which is data."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ..._foundation.errors import InputError, outcome_of
from ..._foundation.layout import Layout
from ..._foundation.precision import FLOAT64, cast
from ..._foundation.user_code import describe
from ..._foundation.wording import short
from ..arguments.signature import Signature
from ..arguments.user_functions import Adapted
from ..arguments.validation import as_point, shown
from ..objective import Objective
from ..problem import Problem
from .retraction import Retraction

AT_REST = 1e-5
"""Largest distance of r(x, 0) from x, relative to x: a point in float32 is 1e-7 beside it."""


@dataclass(frozen=True)
class Retracted(Adapted):
    """`function(r(x, v), *others)` as `function(v, (others, x))`.

    A gradient is that at the point r(x, v), by a tangent vector there: at v = 0, the derivative by
    v.

    Attributes:
        retraction: The user's r.
    """

    retraction: Retraction

    @classmethod
    def of(cls, adapted: Any, retraction: Retraction) -> "Retracted":
        return cls(adapted.function, adapted.signature, adapted.returns, retraction)

    def __call__(self, params: PyTree, data: tuple) -> PyTree:
        others, point = data
        return super().__call__(self.retraction(point, params), others)


@dataclass(frozen=True)
class OnManifold:
    """An objective of parameters on a manifold.

    Attributes:
        plain: The user's functions of x.
        retraction: The user's r.
    """

    plain: Objective
    retraction: Retraction

    @classmethod
    def of(cls, objective: Objective, function: Any, signature: Signature) -> "OnManifold":
        """Returns the objective with a user's function r as its retraction.

        Raises:
            InputError: if r is no function, or what is declared of x has no meaning for v.
        """
        if not callable(function):
            raise InputError(f"retraction is {shown(function)}; give a function retraction(x, v)")
        if (objective.lower, objective.upper) != (-np.inf, np.inf):
            raise InputError(
                "bounds or domain are given with a retraction; leave them out: r(x, v) itself "
                "stays inside"
            )
        if objective.convention.wrt != "parameters":
            raise InputError("wrt='log' is given with a retraction; r(x, v) = x exp(v) says it")
        return cls(objective, Retraction(function, signature))

    @property
    def objective(self) -> Objective:
        """The objective as a function of v, with the point among its data."""
        of = {
            name: Retracted.of(function, self.retraction)
            for name in ("value", "gradient", "reference", "other")
            if (function := getattr(self.plain, name)) is not None
        }
        return replace(self.plain, **of)

    def at(self, signature: Signature, label: str, direction: PyTree) -> Problem:
        """Returns the problem of v at v = 0, where v has the structure of the gradient.

        Raises:
            InputError: if r cannot be used at the point.
        """
        params, data = cast((signature.params, signature.data), FLOAT64)
        v = self._zero(params, data)
        point = self._at_rest(params, v)
        problem = Problem.at(self.objective, v, (data, point), label, as_point(direction))
        layout = Layout.of(problem.params, self.retraction.tangent)
        return replace(problem, layout=layout, retraction=self.retraction)

    def tightened(self, tighten: Callable[[Problem], Problem]) -> Callable[[Problem], Problem]:
        """Returns a function of problems of x as one of problems of v."""

        def of_v(problem: Problem) -> Problem:
            others, point = problem.data
            there = tighten(replace(problem, objective=self.plain, data=others))
            lifted = replace(self, plain=there.objective).objective
            return replace(there, objective=lifted, data=(there.data, point))

        return of_v

    def _zero(self, params: PyTree, data: tuple) -> PyTree:
        """Returns 0 in the structure of the gradient; in that of x if there is none."""
        gradient = self.plain.gradient
        result = params if gradient is None else _shapes_of(gradient, params, data)
        if result is None:
            raise InputError("the gradient is None; return the derivative: is a return forgotten?")
        return jax.tree.map(lambda leaf: np.zeros(np.shape(leaf)), result)

    def _at_rest(self, params: PyTree, v: PyTree) -> PyTree:
        """Returns r(x, 0): x itself, with the rounding that r removes, as of a float32 point."""
        layout, r = Layout.of(params), self.retraction
        reached = outcome_of(lambda: r(params, v))
        if isinstance(reached, Exception):
            raise InputError(
                f"{r.name}(x, {r.tangent}) fails for {r.tangent} = 0 in the structure of the "
                f"gradient, {_written(v)}: {describe(reached)}"
            ) from reached
        layout.require_same(reached, f"{r.name}(x, 0)")
        x, there = layout.flatten(params), layout.flatten(reached)
        off = np.abs(there - x)
        worst = int(np.argmax(np.where(np.isnan(off), np.inf, off)))
        if off[worst] <= AT_REST * np.max(np.abs(x), initial=0.0):
            self._require_any_vector(reached, v)
            return reached
        raise InputError(
            f"{r.name}(x, 0) is not x: it differs by {short(off[worst], 2)} at "
            f"{layout.name(worst)}; correct it, or give a point of the manifold"
        )

    def _require_any_vector(self, params: PyTree, v: PyTree) -> None:
        r = self.retraction
        if r.is_oblique(params, Layout.of(v)):
            call = f"{r.name}(x, {r.tangent})"
            raise InputError(
                f"{call} takes tangent vectors alone, and every entry of {r.tangent} is moved by "
                f"itself; project it first: {r.name}(x, P(x, {r.tangent})), with the orthogonal "
                "projection P onto the tangent space at x"
            )


def _shapes_of(function: Callable, params: PyTree, data: tuple) -> PyTree:
    """Returns the result of a function at a point, or its shapes."""
    shapes = outcome_of(lambda: jax.eval_shape(function, params, data))
    if not isinstance(shapes, Exception):
        return shapes
    result = outcome_of(lambda: function(*jax.tree.map(np.array, (params, data))))
    if not isinstance(result, Exception):
        return result
    again = outcome_of(lambda: function(*jax.tree.map(jnp.asarray, (params, data))))
    if not isinstance(again, Exception):
        return again
    result.add_note("raised by gradient")
    raise result


def _written(v: PyTree) -> str:
    """Returns the shapes of the arrays of a tree."""
    return ", ".join(str(list(np.shape(leaf))) for leaf in jax.tree.leaves(v))
