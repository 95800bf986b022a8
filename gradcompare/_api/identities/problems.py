"""The user's functions as a problem at one point, for the checks by identities."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal, TypedDict

from ..._engine.settings import Settings, make_settings
from ..._foundation.layout import PyTree
from ..._model.arguments.signature import Signature
from ..._model.arguments.user_functions import as_objective
from ..._model.objective import Objective
from ..._model.problem import Problem
from ..several.quantity import signature_of as divided


class Options(TypedDict, total=False):
    """The options that these checks have in common; each is as in `check`.

    Attributes:
        argnums: The numbers of the arguments to differentiate.
        bounds: The lower and the upper bounds of the parameters.
        domain: Bounds by name.
        accuracy: The error that is accepted, relative to the derivative.
        seed: Seed of directions and points.
        device: The device.
    """

    argnums: int | Sequence[int]
    bounds: tuple[PyTree, PyTree]
    domain: PyTree | None
    accuracy: float | None
    seed: int
    device: str | None


signature_of = partial(divided, known=Options)
"""Returns the division of the arguments of a call with these options."""


def objective_of(
    value: Callable[..., Any],
    gradient: Callable[..., PyTree] | Literal[True] | None,
    signature: Signature,
    options: Options,
) -> Objective:
    """Returns the objective of the user's functions."""
    bounds = options.get("bounds", (-math.inf, math.inf))
    objective = as_objective(value, gradient, signature, bounds, options.get("domain"))
    return replace(objective, accuracy=options.get("accuracy"))


def settings_of(gradient: object, options: Options) -> Settings:
    """Returns the settings for the gradient under test, which is autodiff if there is none."""
    return make_settings(
        ["reverse" if gradient is None else "analytic"],
        device=options.get("device"),
        seed=options.get("seed", 0),
    )


def problem_of(objective: Objective, signature: Signature) -> Problem:
    """Returns the objective at the user's point."""
    return Problem.at(objective, signature.params, signature.data, "x0")
