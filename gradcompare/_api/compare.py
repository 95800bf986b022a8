"""`compare`: many objectives and methods, at chosen sizes, points, dtypes and devices."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any, Literal

from .._engine.executors.cases import Recipe, distributed
from .._engine.run import run
from .._engine.settings import (
    Case,
    Progress,
    Settings,
    make_settings,
)
from .._foundation.errors import InputError, UnknownNameError, require_count
from .._foundation.executors.tasks import require_executor
from .._foundation.wording import listed
from .._model.objective import Objective, Quantity
from .._points.sources import Draws
from .._results.result import Comparison
from ..methods._base import AbstractMethod
from ..methods._registry import standard_methods
from .registry import absolute, find_objectives, registered_objectives, unique

COMPARED: dict[str, str] = {
    "gradient": "value",
    "directional": "value",
    "hvp": "hvp",
    "hessian": "hessian",
    "jacobian": "residuals",
    "jvp": "residuals",
}
"""Kinds of derivatives of registered objectives, and the field that each one needs."""


def compare(
    objectives: Iterable[str | Objective] | None = None,
    methods: Iterable[str | AbstractMethod] | None = None,
    *,
    sizes: int | Sequence[int] | None = None,
    quantity: Quantity = "gradient",
    dtype: str = "float64",
    device: str | None = None,
    seed: int = 0,
    points: int = Settings.points,
    timing: bool = True,
    repeats: int = Settings.repeats,
    memory_bytes: int = Settings.memory_bytes,
    on_error: Literal["row", "raise"] = "row",
    progress: Progress = lambda name, done, total: None,
    seconds: float | None = None,
    executor: Executor | None = None,
    distribute: Literal["cases", "points"] = "cases",
) -> Comparison:
    """Compares the derivatives of objectives by several methods: errors, bars, verdicts, times.

    Args:
        objectives: Objectives or their names; all registered ones by default.
        methods: Methods or their labels; by default one voter for each source, and
            plain central differences.
        sizes: The sizes of each objective; its own first size by default.
        quantity: `gradient`, or along a direction drawn at random `directional`; `hessian`, or
            `hvp`, its product with a direction; `jacobian` of the residuals, or `jvp`, its
            product with a direction. The last four are for objectives that bring them by hand.
        dtype: The type in which the implementations are timed and their accuracy is measured.
            The verdict always rests on float64.
        device: `cpu`, `gpu`, `cuda:1`; the default device of JAX by default.
        seed: Seed of the points, data and directions.
        points: Number of random points of each objective; its special points are added.
        timing: Whether to measure running times.
        repeats: Smallest number of blocks in which each method is timed.
        memory_bytes: Largest temporary memory of the perturbed points together.
        on_error: `row` turns a broken objective into a result with the verdict `ERROR`;
            `raise` raises.
        progress: `progress(name, done, total)` is called after each step of the work.
        seconds: The time limit of each objective, as for `check`, and again of its timing.
        executor: Threads, processes or a cluster, as for `check`.
        distribute: What the executor gets. `cases`: each objective at each size is examined, and
            timed, by one worker; one that dies costs its case only. `points`: the cases stay here,
            and workers call the values that JAX cannot trace, as with `executor` of `check`.

    Raises:
        InputError: if an argument cannot be used; with `on_error="raise"` also if an
            objective cannot.

    Examples:
        >>> import gradcompare
        >>> comparison = gradcompare.compare(["ridge", "rosenbrock"], points=1, timing=False)
        >>> for result in comparison:
        ...     print(result.objective, result.d, result.verdict.name)
        ridge 10 AGREE
        rosenbrock 10 AGREE
    """
    if distribute not in ("cases", "points"):
        raise UnknownNameError("part to distribute", distribute, ("cases", "points"))
    require_executor(executor)
    options: dict[str, Any] = {
        "sizes": sizes,
        "quantity": quantity,
        "dtype": dtype,
        "device": device,
        "seed": seed,
        "points": points,
        "timing": timing,
        "repeats": repeats,
        "memory_bytes": memory_bytes,
        "on_error": on_error,
        "seconds": seconds,
    }
    if executor is None or distribute == "points":
        return run(*prepare(objectives, methods, executor=executor, **options), progress)
    if objectives is not None:
        alone = isinstance(objectives, (str, Objective))
        objectives = [objectives] if alone else list(objectives)
    cases, settings = prepare(objectives, methods, **options)
    recipe_of = recipes(objectives, settings.methods, options)
    return distributed(cases, settings, executor, recipe_of, progress)


def recipes(
    objectives: Sequence[str | Objective] | None,
    methods: Sequence[AbstractMethod],
    options: dict[str, Any],
) -> Callable[[Case], Recipe]:
    """Returns what gives a recipe for each case of `prepare` with the same arguments.

    What is named is named to a worker too, with the whole paths of files. An objective is sent,
    and each worker gets those of its own cases only.
    """
    if objectives is None:
        shipped = partial(prepare, None, methods, **options)
        return lambda case: shipped
    names = [absolute(item) for item in objectives if isinstance(item, str)]
    named = partial(prepare, names, methods, **options)
    sent = {
        id(item): partial(prepare, item, methods, **options)
        for item in objectives
        if isinstance(item, Objective)
    }
    return lambda case: sent.get(id(case.objective), named)


def prepare(
    objectives: Iterable[str | Objective] | None = None,
    methods: Iterable[str | AbstractMethod] | None = None,
    *,
    sizes: int | Sequence[int] | None = None,
    **others: Any,
) -> tuple[list[Case], Settings]:
    """Returns the cases and settings of `compare`; `others` are arguments of `make_settings`.

    Raises:
        InputError: if an argument cannot be used.
    """
    chosen = registered_objectives().values() if objectives is None else resolve(objectives)
    settings = make_settings(standard_methods() if methods is None else methods, **others)
    if settings.quantity not in COMPARED:
        raise UnknownNameError("quantity", settings.quantity, COMPARED)
    needed = COMPARED[settings.quantity]
    having = [objective for objective in chosen if getattr(objective, needed) is not None]
    if objectives is not None and (lacking := [o.name for o in chosen if o not in having]):
        raise InputError(
            f"{listed(lacking)}: no {needed}, so that there is no {settings.quantity} to compare; "
            f"give the objective a field `{needed}`, or take another quantity"
        )
    if sizes is not None:
        each = sizes if isinstance(sizes, Iterable) and not isinstance(sizes, str) else [sizes]
        sizes = [require_count("a size", size) for size in each]
        if not sizes:
            raise InputError("sizes is empty; give an integer of at least 1, or None")
    cases = [
        Case(
            objective,
            size,
            Draws(objective, size, settings.points, settings.seed, settings.quantity),
        )
        for objective in having
        for size in (objective.sizes[:1] if sizes is None else sizes)
    ]
    return cases, settings


def resolve(objectives: Iterable[str | Objective]) -> tuple[Objective, ...]:
    if isinstance(objectives, (str, Objective)):
        objectives = [objectives]
    resolved: list[Objective] = []
    for item in objectives:
        if not isinstance(item, (str, Objective)):
            raise InputError(f"{item!r} is no objective; give an Objective or a name")
        resolved += [item] if isinstance(item, Objective) else find_objectives(item)
    return unique(resolved)
