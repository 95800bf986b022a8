"""`compare`: many objectives by many methods, on request over sizes, points, dtypes, devices."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Literal, get_args

import numpy as np

from ._engine import Case, Plan, Progress, run
from ._errors import InputError, UnknownNameError
from ._method import AbstractMethod
from ._objective import Objective, Problem, Quantity
from ._precision import find_device, find_dtype
from ._registry import (
    find_method,
    find_objectives,
    registered_methods,
    registered_objectives,
    unique,
)
from ._result import Comparison
from ._tree import Layout

MEMORY_BYTES = 2**28
MIN_SECONDS = 0.02


def compare(
    objectives: Iterable[str | Objective] | None = None,
    methods: Iterable[str | AbstractMethod] | None = None,
    *,
    sizes: Sequence[int] | None = None,
    quantity: Quantity = "gradient",
    dtype: str = "float64",
    device: str | None = None,
    seed: int = 0,
    points: int = 1,
    timing: bool = True,
    min_seconds: float = MIN_SECONDS,
    memory_bytes: int = MEMORY_BYTES,
    on_error: Literal["row", "raise"] = "row",
    progress: Progress | None = None,
) -> Comparison:
    """Compares the derivatives of objectives by several methods: errors, bars, verdict, times.

    Args:
        objectives: Objectives or their names; all registered ones by default.
        methods: Methods or their labels; all registered ones by default.
        sizes: The sizes to make each objective with; its own first size by default.
        quantity: `gradient`, or `directional` along a direction drawn at random.
        dtype: What the implementations are timed in, and their accuracy measured. Whether
            the derivatives are right is judged in float64 always.
        device: `cpu`, `gpu`, `cuda:1`; the default device of JAX by default.
        seed: Of the points, data and directions.
        points: At how many points each objective is looked at.
        timing: Whether to measure running times.
        min_seconds: For how long at least each method is timed.
        memory_bytes: How much temporary memory perturbed points may take together.
        on_error: `row` turns a broken objective into a result with the verdict `ERROR`;
            `raise` raises.
        progress: Is told the name of each objective when it is done.

    Raises:
        InputError: if an argument cannot be used; with `on_error="raise"` also if an
            objective cannot.
    """
    chosen = registered_objectives().values() if objectives is None else _resolve(objectives)
    plan = make_plan(
        registered_methods().values() if methods is None else methods,
        quantity=quantity,
        dtype=dtype,
        device=device,
        seed=seed,
        points=points,
        timing=timing,
        min_seconds=min_seconds,
        memory_bytes=memory_bytes,
        on_error=on_error,
    )
    cases = [
        Case(objective, size, partial(draw, objective, size, plan))
        for objective in chosen
        for size in (objective.sizes[:1] if sizes is None else sizes)
    ]
    return run(cases, plan, progress)


def make_plan(methods: Iterable[str | AbstractMethod], **settings) -> Plan:
    """Checks the arguments of `compare` and gathers them.

    Raises:
        InputError: if one of them cannot be used.
    """
    if isinstance(methods, (str, AbstractMethod)):
        methods = [methods]
    chosen = tuple(m if isinstance(m, AbstractMethod) else find_method(m) for m in methods)
    names = [method.name for method in chosen]
    if not names or len(set(names)) < len(names):
        raise InputError(f"the methods are {names}; name at least one, and each once")
    if settings["quantity"] not in get_args(Quantity):
        raise UnknownNameError("quantity", settings["quantity"], get_args(Quantity))
    if settings["on_error"] not in ("row", "raise"):
        raise UnknownNameError("on_error", settings["on_error"], ("row", "raise"))
    if settings["points"] < 1:
        raise InputError(f"points is {settings['points']}; ask for at least one")
    dtype, device = find_dtype(settings.pop("dtype")), find_device(settings.pop("device"))
    return Plan(methods=chosen, dtype=dtype, device=device, **settings)


def draw(objective: Objective, size: int, plan: Plan) -> list[Problem]:
    """Draws the points of a registered objective, each with its own data and direction."""
    problems = []
    for number in range(plan.points):
        params, data = objective.make(np.random.default_rng([plan.seed, number]), size)
        direction = None
        if plan.quantity == "directional":
            layout = Layout.of(params)
            rng = np.random.default_rng([plan.seed, number, 1])
            direction = layout.unflatten(rng.standard_normal(layout.size))
        label = f"draw {number + 1} of seed {plan.seed}"
        problems.append(Problem.at(objective, params, data, label, direction))
    return problems


def _resolve(objectives: Iterable[str | Objective]) -> tuple[Objective, ...]:
    if isinstance(objectives, (str, Objective)):
        objectives = [objectives]
    found: list[Objective] = []
    for item in objectives:
        found += [item] if isinstance(item, Objective) else find_objectives(item)
    return unique(found)
