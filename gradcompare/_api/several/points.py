"""Checks at many points of the user's own: a result for each, from the same programs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import numpy as np

from ..._engine.run import run
from ..._engine.settings import Case, Programs, Settings
from ..._foundation.errors import InputError
from ..._foundation.layout import PyTree
from ..._foundation.wording import listed
from ..._model.arguments.signature import Argument, Signature
from ..._model.arguments.validation import as_point
from ..._model.problem import Problem
from ..._points.sources import Neighbourhood
from ..._results.result import Comparison


def signatures_at(signature: Signature, at: PyTree | None) -> dict[str, Signature]:
    """Returns the arguments at the user's point and at further ones, by the names of the points.

    Args:
        signature: The arguments at `x0`.
        at: A list of points in the structure of the differentiated argument, or such a point
            whose arrays have a leading axis.

    Raises:
        InputError: if the points do not have that structure.
    """
    every = {"x0": signature}
    if at is None:
        return every
    alone = isinstance(signature.argnums, int)
    trees = tuple(_tree(signature.arguments[number]) for number in signature.numbers)
    for number, point in enumerate(_points(at, trees[0] if alone else trees), start=1):
        parts = dict(zip(signature.numbers, (point,) if alone else point, strict=True))
        arguments = tuple(
            Argument.of(as_point(parts[k]), parameter=True) if k in parts else argument
            for k, argument in enumerate(signature.arguments)
        )
        every[f"x{number}"] = replace(signature, arguments=arguments)
    return every


def cases_at(
    signatures: Mapping[str, Signature],
    start: Callable[[Signature, str], Problem],
    case: Callable[..., Case],
    settings: Settings,
    *,
    tails: bool,
) -> list[Case]:
    """Returns a case for each of the points, each with those drawn around it.

    Args:
        signatures: The arguments at each point, by its name.
        start: Returns the problem at a point, with its name.
        case: Makes a case from its points and the programs that all share.
        settings: The settings.
        tails: Whether to add points far out.
    """
    programs = Programs()
    return [
        case(
            points=Neighbourhood(
                partial(start, there, label), settings.points, settings.seed, tails
            ),
            programs=programs,
        )
        for label, there in signatures.items()
    ]


def run_at_points(cases: Sequence[Case], labels: Sequence[str], settings: Settings) -> Comparison:
    """Returns a result for each case, which has the name of its point; an error is a row.

    Args:
        cases: The cases.
        labels: The point of each case.
        settings: The settings. Where they ask for errors to be raised, one is if every case
            fails, as then no point is the reason.
    """
    if len(set(labels)) == 1:
        return run(cases, settings)
    comparison = run(cases, replace(settings, on_error="row"))
    if settings.on_error == "raise" and all(result.message for result in comparison):
        return run(cases[:1], settings)
    results = tuple(
        replace(result, objective=f"{result.objective} at {label}")
        for result, label in zip(comparison, labels, strict=True)
    )
    return replace(comparison, results=results, settings={**comparison.settings, "at": labels})


def _tree(argument: Argument) -> PyTree:
    return argument.treedef.unflatten(argument.leaves)


def _points(at: PyTree, point: PyTree) -> list[PyTree]:
    """Returns the points of a list, or of a leading axis.

    Raises:
        InputError: if they do not have the structure and the shapes of `point`.
    """
    if not jax.tree.leaves(at):
        raise InputError("at has no points; give at least one, or leave it out")
    every = list(map(as_point, at)) if isinstance(at, (list, tuple)) else []
    if every and all(_shapes(each) == _shapes(point) for each in every):
        return every
    (treedef, shapes), (own, wanted) = _shapes(at), _shapes(point)
    counts = {shape[0] for shape in shapes if shape}
    if treedef == own and len(counts) == 1:
        (count,) = counts
        if count and shapes == tuple((count, *shape) for shape in wanted):
            return [jax.tree.map(lambda leaf, k=k: leaf[k], at) for k in range(count)]
    wrong = [k for k, each in enumerate(every) if _shapes(each) != _shapes(point)]
    problem = f"at[{wrong[0]}] has {_words(every[wrong[0]])}" if wrong else f"at has {_words(at)}"
    raise InputError(
        f"{problem}, and x0 has {_words(point)}; give a list of points like x0, "
        "or x0 with a leading axis"
    )


def _shapes(tree: PyTree) -> tuple[Any, tuple[tuple[int, ...], ...]]:
    leaves, treedef = jax.tree.flatten(tree)
    return treedef, tuple(np.shape(leaf) for leaf in leaves)


def _words(tree: PyTree) -> str:
    shapes = _shapes(tree)[1]
    return f"shape {shapes[0]}" if len(shapes) == 1 else f"shapes {listed(list(map(str, shapes)))}"
