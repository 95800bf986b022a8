"""The settings of a comparison, and its cases."""

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

import numpy as np

from .._evaluation.checks import require_valid
from .._evaluation.evaluator import Evaluator
from .._foundation.errors import InputError, UnknownNameError, require_count
from .._foundation.executors.tasks import require_executor
from .._foundation.precision import FLOAT64, Device, find_device, find_dtype
from .._foundation.wording import given
from .._model.objective import Objective, Quantity
from .._model.problem import Problem
from .._points.sources import PointSource
from .._results.result import Result
from ..methods._base import AbstractMethod
from ..methods._registry import find_method, standard_methods

Progress = Callable[[str, int, int], None]
"""Called as `progress(name, done, total)` after a case is estimated, and after it is timed."""

Keep = Callable[[int, Result], None]
"""Called as `keep(number, result)` with the number of a case, when `Progress` is called."""


@dataclass(frozen=True)
class Settings:
    """The settings for every case: the arguments of `compare`, and `seeks`.

    With `seeks`, a search adds points that reach branches of the objective which no other point
    reaches. `check` does so for a user's function; `compare` draws the points and data of a
    registered objective as its author declared them, and only reports the branches not reached.
    """

    methods: tuple[AbstractMethod, ...]
    device: Device
    dtype: np.dtype = FLOAT64
    quantity: Quantity = "gradient"
    seed: int = 0
    points: int = 3
    timing: bool = True
    repeats: int = 5
    memory_bytes: int = 2**28
    executor: Executor | None = None
    seeks: bool = False
    on_error: Literal["row", "raise"] = "row"
    seconds: float | None = None
    progress: bool | None = False


@dataclass
class Programs:
    """The programs that several cases of one function share.

    Attributes:
        evaluator: The evaluator of the first of their points; None before that.
    """

    evaluator: Evaluator | None = None

    def at(self, problem: Problem, settings: Settings) -> Evaluator:
        """Returns the programs at the first point of another case."""
        if self.evaluator is None:
            self.evaluator = evaluator_of(problem, settings)
        here = self.evaluator.at(problem)
        return replace(here, cache=here.cache.begun())


@dataclass(frozen=True)
class Case:
    """One row of the comparison.

    Attributes:
        objective: The objective.
        size: Its size, if it has one.
        points: The source of its points.
        tighten: Returns a problem with a tighter tolerance, if the user says how.
        programs: The programs that it shares with other cases; those run one after another.
    """

    objective: Objective
    size: int | None
    points: PointSource
    tighten: Callable[[Problem], Problem] | None = None
    programs: Programs | None = None

    @property
    def key(self) -> tuple[str, int | None]:
        """What tells it from the other rows: its name and its size."""
        return self.objective.name, self.size


def make_settings(
    methods: Iterable[str | AbstractMethod],
    *,
    dtype: str | np.dtype | type = "float64",
    device: str | None = None,
    **others: Any,
) -> Settings:
    """Checks the arguments of `compare` and gathers them; `others` are fields of `Settings`.

    Raises:
        InputError: if one of them cannot be used.
    """
    if isinstance(methods, (str, AbstractMethod)):
        methods = [methods]
    if not isinstance(methods, Iterable):
        raise InputError(f"methods is {given(methods)}; give a list of methods or their labels")
    chosen = tuple(m if isinstance(m, AbstractMethod) else find_method(m) for m in methods)
    names = [method.name for method in chosen]
    if not names or len(set(names)) < len(names):
        raise InputError(f"the methods are {names}; name at least one, and each once")
    settings = Settings(chosen, find_device(device), find_dtype(dtype), **others)
    if settings.quantity not in get_args(Quantity):
        raise UnknownNameError("quantity", settings.quantity, get_args(Quantity))
    if settings.on_error not in ("row", "raise"):
        raise UnknownNameError("on_error", settings.on_error, ("row", "raise"))
    for name, least in (("points", 1), ("repeats", 1), ("seed", 0), ("memory_bytes", 1)):
        require_count(name, getattr(settings, name), least)
    _require_time(settings)
    require_executor(settings.executor)
    return settings


def _require_time(settings: Settings) -> None:
    seconds, progress = settings.seconds, settings.progress
    if seconds is not None:
        number = isinstance(seconds, (int, float, np.number)) and not isinstance(seconds, bool)
        if not number or not 0 < seconds < math.inf:
            raise InputError(
                f"seconds is {seconds!r}; give a positive number, or None for no limit"
            )
    if progress is not None and not isinstance(progress, (bool, np.bool_)):
        raise InputError(
            f"progress is {progress!r}; give True, False, or None for a bar on a terminal"
        )


def with_methods(
    labels: Sequence[str], step: float | None
) -> tuple[tuple[AbstractMethod, ...], tuple[str, ...]]:
    """Returns the standard methods with those of `labels` added, or in their place.

    Args:
        labels: Labels of methods.
        step: A fixed absolute step for those of them that have one.

    Returns:
        The methods, and the names of the added ones without a vote.

    Raises:
        InputError: if a label is unknown, or no named method has a step.
    """
    added = [find_method(label) for label in dict.fromkeys(labels)]
    if step is not None:
        with_step = [m for m in added if "step" in [field.name for field in fields(m)]]
        if not with_step:
            raise InputError("a step goes with a method that takes one, such as central")
        if not 0 < step < math.inf:
            raise InputError(f"the step is {step}; give a positive one")
        added = [replace(m, step=step) if m in with_step else m for m in added]
    kept = [m for m in standard_methods() if m.label not in labels]
    beside = tuple(method.name for method in added if not method.votes)
    return (*kept, *added), beside


def evaluator_of(problem: Problem, settings: Settings) -> Evaluator:
    """Returns the evaluator of the first problem of a case, after checking its functions."""
    evaluator = Evaluator(
        problem,
        FLOAT64,
        settings.device,
        settings.memory_bytes,
        settings.executor,
        timed=settings.timing,
    )
    require_valid(evaluator)
    return evaluator
