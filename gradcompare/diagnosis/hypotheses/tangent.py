"""The derivative by a point of a manifold where that by a tangent vector is meant.

With r(x, v) and its derivative J by v at v = 0, the derivative of f(r(x, v)) by v is Jᵀ times that
of f by x. Where v has the structure of x, J is the projection onto the tangent space.
"""

from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..._foundation.layout import indices
from ..._model.finding import Finding
from ..._model.problem import Problem
from ..evidence.data import Evidence
from ._base import AbstractHypothesis

MOST_TANGENT = 300
"""Largest number of coordinates for which J is computed, in two calls of r for each."""

IDEMPOTENT = 1e-6
"""Largest entry of J J − J for a projection J."""

BY_DIFFERENCES = 1e-7
"""Error of Jᵀa by central differences of r, relative to the largest entry of a."""


class NotByTangent(AbstractHypothesis):
    """Jᵀa = r, where a is the gradient under test."""

    rank: ClassVar = 5

    def explain(self, evidence: Evidence) -> Finding | None:
        problems = _problems(evidence)
        if not problems or not _is_ambient(problems[0]) or evidence.d > MOST_TANGENT:
            return None
        jacobians = np.stack([_jacobian(problem) for problem in problems])
        changed = np.einsum("pij,pi->pj", jacobians, evidence.analytic)
        size = np.max(np.abs(evidence.analytic), axis=1, keepdims=True)
        if not _equals_reference(evidence, changed, BY_DIFFERENCES * size):
            return None
        projects = np.allclose(jacobians @ jacobians, jacobians, atol=IDEMPOTENT)
        return Finding(
            "tangent",
            "your gradient is the derivative by x itself, not by tangent vectors",
            correction="project it onto the tangent space"
            if projects
            else "multiply it by the transposed derivative of the retraction at v = 0",
            coordinates=indices(evidence.open),
        )


class OfOtherMetric(AbstractHypothesis):
    """a = x r x for a square matrix x: the gradient in the affine-invariant metric."""

    rank: ClassVar = 6

    def explain(self, evidence: Evidence) -> Finding | None:
        problems = _problems(evidence)
        if not problems or not _is_ambient(problems[0]):
            return None
        (shape, *others) = problems[0].layout.shapes
        if others or len(shape) != 2 or shape[0] != shape[1]:
            return None
        points = np.stack([p.layout.flatten(p.data[1]).reshape(shape) for p in problems])
        reference = evidence.reference.reshape(-1, *shape)
        changed = (points @ reference @ points).reshape(evidence.x.shape)
        bars = np.abs(points) @ evidence.reference_bar.reshape(-1, *shape) @ np.abs(points)
        allowed = evidence.allowed(changed, bars.reshape(evidence.x.shape))
        if not np.all((np.abs(evidence.analytic - changed) <= allowed) | ~evidence.usable):
            return None
        return Finding(
            "tangent",
            "your gradient is x G x, with the derivative G by v: that of the affine-invariant "
            "metric",
            correction="multiply it by the inverse of x from both sides",
            coordinates=indices(evidence.open),
        )


class NotProjected(AbstractHypothesis):
    """aᵀa = rᵀa: along a itself the slope is right, and r(x, v) may take tangent v alone."""

    rank: ClassVar = 7

    def explain(self, evidence: Evidence) -> Finding | None:
        problems = _problems(evidence)
        a, wrong = evidence.analytic, evidence.wrong
        # Entries that are left out satisfy the equation as well.
        if not problems or np.any(wrong & (a == 0)) or not np.all(evidence.usable):
            return None
        allowed = evidence.allowed(evidence.reference, evidence.reference_bar)
        slopes = np.sum((a - evidence.reference) * a, axis=1)
        if not np.all(np.abs(slopes) <= np.sum(allowed * np.abs(a), axis=1)):
            return None
        return Finding(
            "tangent",
            "along your gradient itself the slope is right, so the retraction may take tangent "
            "vectors alone, and every entry of v is moved by itself",
            correction="project v in it, as in r(x, P(x, v))",
            coordinates=indices(evidence.open),
        )


def _problems(evidence: Evidence) -> list[Problem]:
    """Returns the problem at each point; none without a retraction."""
    other = evidence.other_data
    problems = [] if other is None else [each.problem for each in other.evaluators]
    return [problem for problem in problems if problem.retraction is not None]


def _equals_reference(
    evidence: Evidence, changed: Float[np.ndarray, "p d"], error: Float[np.ndarray, "p 1"]
) -> bool:
    allowed = evidence.allowed(evidence.reference, evidence.reference_bar) + error
    return bool(np.all((np.abs(changed - evidence.reference) <= allowed) | ~evidence.usable))


def _is_ambient(problem: Problem) -> bool:
    r = problem.retraction
    return r is not None and r.is_ambient(problem.data[1], problem.layout)


def _jacobian(problem: Problem) -> Float[np.ndarray, "d d"]:
    """Returns the derivative of r(x, v) by v at v = 0."""
    r, layout = problem.retraction, problem.layout
    assert r is not None
    point = problem.data[1]
    size = float(np.sqrt(np.mean(layout.flatten(point) ** 2))) or 1.0
    columns = [r.along(point, size * e, layout) / size for e in np.eye(layout.size)]
    return np.stack(columns, axis=1)


HYPOTHESES = (NotByTangent(), OfOtherMetric(), NotProjected())
