"""`compare`: many objectives by many methods, on request over sizes, points, dtypes, devices."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Any, Literal, get_args

import numpy as np

from ._engine import run
from ._errors import InputError, UnknownNameError
from ._method import AbstractMethod
from ._objective import Data, Objective, Params, Problem, Quantity
from ._plan import MORE, Case, Plan, Progress, Unsettled, ValueAt
from ._precision import find_device, find_dtype
from ._registry import (
    find_method,
    find_objectives,
    registered_objectives,
    standard_methods,
    unique,
)
from ._result import Comparison
from ._tree import Layout


def compare(
    objectives: Iterable[str | Objective] | None = None,
    methods: Iterable[str | AbstractMethod] | None = None,
    *,
    sizes: int | Sequence[int] | None = None,
    quantity: Quantity = "gradient",
    dtype: str = "float64",
    device: str | None = None,
    seed: int = 0,
    points: int = Plan.points,
    timing: bool = True,
    repeats: int = Plan.repeats,
    memory_bytes: int = Plan.memory_bytes,
    on_error: Literal["row", "raise"] = "row",
    progress: Progress = lambda name, done, total: None,
) -> Comparison:
    """Compares the derivatives of objectives by several methods: errors, bars, verdict, times.

    Args:
        objectives: Objectives or their names; all registered ones by default.
        methods: Methods or their labels; by default one voter for each source, and
            plain central differences.
        sizes: The sizes to make each objective with; its own first size by default.
        quantity: `gradient`, or `directional` along a direction drawn at random.
        dtype: What the implementations are timed in, and their accuracy measured. Whether
            the derivatives are right is judged in float64 always.
        device: `cpu`, `gpu`, `cuda:1`; the default device of JAX by default.
        seed: Of the points, data and directions.
        points: How many points of each objective are drawn; its special points come on top.
        timing: Whether to measure running times.
        repeats: In how many blocks at least each method is timed.
        memory_bytes: How much temporary memory perturbed points may take together.
        on_error: `row` turns a broken objective into a result with the verdict `ERROR`;
            `raise` raises.
        progress: `progress(name, done, total)` is called after each step of the work.

    Raises:
        InputError: if an argument cannot be used; with `on_error="raise"` also if an
            objective cannot.
    """
    cases, plan = prepare(
        objectives,
        methods,
        sizes=sizes,
        quantity=quantity,
        dtype=dtype,
        device=device,
        seed=seed,
        points=points,
        timing=timing,
        repeats=repeats,
        memory_bytes=memory_bytes,
        on_error=on_error,
    )
    return run(cases, plan, progress)


def prepare(
    objectives: Iterable[str | Objective] | None = None,
    methods: Iterable[str | AbstractMethod] | None = None,
    *,
    sizes: int | Sequence[int] | None = None,
    **settings: Any,
) -> tuple[list[Case], Plan]:
    """Returns what `compare` works on; `settings` are the arguments of `make_plan`.

    Raises:
        InputError: if an argument cannot be used.
    """
    chosen = registered_objectives().values() if objectives is None else _resolve(objectives)
    plan = make_plan(standard_methods() if methods is None else methods, **settings)
    whole = (int, np.integer)
    sizes = [sizes] if isinstance(sizes, whole) else sizes
    if sizes is not None and not all(isinstance(size, whole) and size > 0 for size in sizes):
        raise InputError(f"the sizes are {list(sizes)}; give positive integers")
    cases = [
        Case(objective, size, partial(_draw, objective, size, plan))
        for objective in chosen
        for size in (objective.sizes[:1] if sizes is None else sizes)
    ]
    return cases, plan


def make_plan(
    methods: Iterable[str | AbstractMethod],
    *,
    dtype: str | np.dtype | type = "float64",
    device: str | None = None,
    **settings: Any,
) -> Plan:
    """Checks the arguments of `compare` and gathers them; `settings` are fields of `Plan`.

    Raises:
        InputError: if one of them cannot be used.
    """
    if isinstance(methods, (str, AbstractMethod)):
        methods = [methods]
    chosen = tuple(m if isinstance(m, AbstractMethod) else find_method(str(m)) for m in methods)
    names = [method.name for method in chosen]
    if not names or len(set(names)) < len(names):
        raise InputError(f"the methods are {names}; name at least one, and each once")
    plan = Plan(chosen, find_device(device), find_dtype(dtype), **settings)
    if plan.quantity not in get_args(Quantity):
        raise UnknownNameError("quantity", plan.quantity, get_args(Quantity))
    if plan.on_error not in ("row", "raise"):
        raise UnknownNameError("on_error", plan.on_error, ("row", "raise"))
    for name, least in (("points", 1), ("repeats", 1), ("seed", 0), ("memory_bytes", 1)):
        given = getattr(plan, name)
        if not isinstance(given, (int, np.integer)) or given < least:
            raise InputError(f"{name} is {given!r}; give an integer of at least {least}")
    return plan


def with_methods(
    labels: Sequence[str], step: float | None
) -> tuple[tuple[AbstractMethod, ...], tuple[str, ...]]:
    """Returns the standard methods with those of `labels` added or put in their place.

    Args:
        labels: Labels of methods.
        step: A fixed absolute step for those of them that take one.

    Returns:
        The methods, and the names of those added that have no vote.

    Raises:
        InputError: if a label is unknown, or no method named takes a step.
    """
    added = [find_method(label) for label in dict.fromkeys(labels)]
    if step is not None:
        taking = [m for m in added if "step" in [field.name for field in fields(m)]]
        if not taking:
            raise InputError("a step goes with a method that takes one, such as central")
        if not 0 < step < math.inf:
            raise InputError(f"the step is {step}; give a positive one")
        added = [replace(m, step=step) if m in taking else m for m in added]
    kept = [m for m in standard_methods() if m.label not in labels]
    beside = tuple(method.name for method in added if not method.votes)
    return (*kept, *added), beside


def _draw(
    objective: Objective, size: int, plan: Plan, value_at: ValueAt, unsettled: Unsettled
) -> Iterator[Problem]:
    """Draws the points of a registered objective, each with its own data and direction."""
    for number in range(plan.points + MORE):
        if number >= plan.points and not unsettled():
            return
        params, data = _made(objective, np.random.default_rng([plan.seed, number]), size)
        direction = None
        if plan.quantity == "directional":
            layout = Layout.of(params)
            rng = np.random.default_rng([plan.seed, number, 1])
            direction = layout.unflatten(rng.standard_normal(layout.size))
        label = f"draw {number + 1} of seed {plan.seed}"
        yield Problem.at(objective, params, data, label, direction)
        if number == 0 and objective.special is not None:
            for name, special in objective.special(params).items():
                yield Problem.at(objective, special, data, name, direction)


def _made(objective: Objective, rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    made = objective.make(rng, size)
    if not isinstance(made, tuple) or len(made) != 2:
        raise InputError(
            f"make of {objective.name} gives {type(made).__name__}; return (params, data)"
        )
    return made


def _resolve(objectives: Iterable[str | Objective]) -> tuple[Objective, ...]:
    if isinstance(objectives, (str, Objective)):
        objectives = [objectives]
    found: list[Objective] = []
    for item in objectives:
        if not isinstance(item, (str, Objective)):
            raise InputError(f"{item!r} is no objective; give an Objective or a name")
        found += [item] if isinstance(item, Objective) else find_objectives(item)
    return unique(found)
