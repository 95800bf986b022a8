"""`bench`: which figures are measured, and in which order."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from typing import Any

import jax
import numpy as np

from ..._engine.environment import processor
from ..._engine.settings import Progress, Settings, make_settings
from ..._foundation.errors import InputError, outcome_of
from ..._foundation.plugins import installed_version
from ..._foundation.precision import FLOAT64, Device
from ..._foundation.storage.lines import start
from ..._foundation.user_code import describe
from ..._model.objective import Objective
from ...methods._base import AbstractMethod
from ..compare import resolve
from ..registry import registered_objectives
from .figure import FIGURES, figure
from .limits import LARGEST, Limits, ladder_of_sizes
from .record import FORMAT, Journal, Record
from .result import Bench
from .subject import VALUE, Subject

METHODS = (VALUE, "analytic", "reverse", "forward-mode", "central", "richardson")
"""What is measured if no methods are named."""


@dataclass(frozen=True)
class Place:
    """One objective at one size, in one dtype on one device: where methods are measured by turns.

    Attributes:
        objective: The objective.
        size: Its size.
        settings: The dtype, the device, the seed, and the methods beside the value.
        names: What is measured, in this order.
        head: The fields of its records that are the same for all methods.
    """

    objective: Objective
    size: int
    settings: Settings
    names: tuple[str, ...]
    head: dict[str, Any]

    def blank(self, name: str, d: int = 0) -> Record:
        """Returns the record of a method before it is measured."""
        return Record(**{**self.head, **FIGURES, "method": name, "d": d})

    def method(self, name: str) -> AbstractMethod | None:
        """Returns the method called `name`; None for the value."""
        return next((m for m in self.settings.methods if m.name == name), None)


def bench(
    objectives: str | Objective | Iterable[str | Objective] | None = None,
    methods: Iterable[str | AbstractMethod] = METHODS,
    *,
    sizes: int | Sequence[int] | None = None,
    largest: int = LARGEST,
    dtypes: str | Iterable[str] = ("float64",),
    devices: str | Iterable[str] | None = None,
    seconds: float = 10.0,
    memory_bytes: int = 2**31,
    file: str | PathLike[str] | None = None,
    fresh: bool = False,
    seed: int = 0,
    progress: Progress = lambda name, done, total: None,
) -> Bench:
    """Measures time, accuracy and memory of each method against the size of the objective.

    Args:
        objectives: Objectives or their names; all registered ones by default.
        methods: Labels or methods; `value` is the objective itself.
        sizes: The sizes; by default a geometric ladder from 10, with two steps for each factor
            of ten.
        largest: The last size of that ladder.
        dtypes: The types in which the programs compute: `float64`, `float32`, `bfloat16`,
            `float16`. A method that always works in float64, as `richardson` does, is measured
            in that alone.
        devices: `cpu`, `gpu`, `cuda:1`; by default the CPU, and the first accelerator if there is
            one.
        seconds: The longest time for one figure, with its compilation. If the next size of a
            method would take longer, as its growth so far shows, it and all larger ones are
            skipped.
        memory_bytes: The most memory of one program with its arguments, likewise.
        file: A file that gets each figure, as one line of JSON, when it is measured. What it
            already holds is not measured again, so that a run that was interrupted goes on.
        fresh: Whether the file is emptied first.
        seed: Seed of the points and data.
        progress: `progress(name, done, total)` is called after each figure.

    Raises:
        InputError: if an argument cannot be used.

    Examples:
        >>> import gradcompare
        >>> figures = gradcompare.bench("ridge", ["value", "reverse"], sizes=[10, 20])
        >>> for record in figures.records:
        ...     print(record["method"], record["d"], record["status"])
        value 10 ok
        reverse 10 ok
        value 20 ok
        reverse 20 ok
    """
    if isinstance(objectives, (str, Objective)):
        objectives = [objectives]
    chosen = registered_objectives().values() if objectives is None else resolve(objectives)
    limits = Limits(_positive("seconds", seconds), int(_positive("memory_bytes", memory_bytes)))
    names, kinds = _names(methods)
    settings = [
        make_settings(kinds or ["reverse"], dtype=dtype, device=device, seed=seed, timing=True)
        for device in _listed(devices, _all_devices)
        for dtype in _listed(dtypes, lambda: ["float64"])
    ]
    ladder = ladder_of_sizes(sizes, largest)
    places = [
        _place(objective, size, each, names)
        for objective in chosen
        for size in ladder
        for each in settings
    ]
    journal = Journal(start(file, fresh=fresh))
    return _measured(places, limits, journal, progress)


def _measured(
    places: Sequence[Place], limits: Limits, journal: Journal, progress: Progress
) -> Bench:
    blanks = [place.blank(name) for place in places for name in place.names]
    before = sum(journal.like(blank) is not None for blank in blanks)
    done = 0
    for place in places:
        for _ in _at(place, limits, journal):
            done += 1
            progress(f"{place.objective.name} {place.size}", done, len(blanks))
    found = [journal.like(blank) for blank in blanks]
    return Bench(tuple(record for record in found if record is not None), before)


def _at(place: Place, limits: Limits, journal: Journal) -> Iterator[str]:
    """Measures all methods at one place; yields the name of each that is done."""
    subject: Subject | Exception | None = None
    for name in place.names:
        blank = place.blank(name)
        old, reason = journal.like(blank), _reason_to_skip(place, name, limits, journal)
        # A figure that was skipped is measured if the limits are wider now.
        if old is None or (old["status"] == "skipped" and not reason):
            if not reason and subject is None:
                arguments = (place.objective, place.size, place.settings)
                subject = outcome_of(partial(Subject.of, *arguments))
            journal.append(Record(**{**blank, **_fields(place, name, reason, subject)}))
        yield name


def _fields(
    place: Place, name: str, reason: str, subject: Subject | Exception | None
) -> dict[str, Any]:
    """Returns the fields of a record that are not known before."""
    if reason or subject is None:
        return {"status": "skipped", "reason": reason}
    if isinstance(subject, Exception):
        return {"status": "error", "reason": describe(subject)}
    return {"d": subject.d, **figure(subject, place.method(name), place.settings)}


def _reason_to_skip(place: Place, name: str, limits: Limits, journal: Journal) -> str:
    method = place.method(name)
    unsupported = method and method.unsupported(place.objective, "gradient")
    return unsupported or limits.reason_to_skip(journal.smaller(place.blank(name)), place.size)


def _place(objective: Objective, size: int, settings: Settings, names: Sequence[str]) -> Place:
    measured = [name for name in names if name == VALUE or _suits(name, settings)]
    head = {
        "format": FORMAT,
        "objective": objective.name,
        "size": size,
        "dtype": settings.dtype.name,
        "device": _device_name(settings.device),
        "status": "ok",
        "reason": "",
        "seed": settings.seed,
        "machine": _machine(settings.device),
        "version": f"{installed_version('gradcompare')}, jax {installed_version('jax')}",
    }
    return Place(objective, size, settings, tuple(measured), head)


def _suits(name: str, settings: Settings) -> bool:
    """Whether a method computes in the dtype: one that judges does so in float64 alone."""
    method = next(m for m in settings.methods if m.name == name)
    return settings.dtype == FLOAT64 or not method.judges


def _names(
    methods: Iterable[str | AbstractMethod],
) -> tuple[list[str], list[str | AbstractMethod]]:
    """Returns the names of all that is measured, and the methods among it."""
    if isinstance(methods, (str, AbstractMethod)):
        methods = [methods]
    chosen = list(methods)
    kinds = [method for method in chosen if method != VALUE]
    named = make_settings(kinds).methods if kinds else ()
    rest = iter(method.name for method in named)
    return [VALUE if method == VALUE else next(rest) for method in chosen], kinds


def _listed(given: str | Iterable[str] | None, default: Callable[[], list[str]]) -> list[str]:
    if given is None:
        return default()
    return [given] if isinstance(given, str) else list(dict.fromkeys(given))


def _all_devices() -> list[str]:
    """Returns the CPU, and the platform that JAX prefers."""
    return list(dict.fromkeys(["cpu", jax.devices()[0].platform]))


def _device_name(device: Device) -> str:
    first = device == jax.devices(device.platform)[0]
    return device.platform if first else f"{device.platform}:{device.id}"


def _machine(device: Device) -> str:
    return processor() if device.platform == "cpu" else device.device_kind


def _positive(name: str, number: float) -> float:
    if not isinstance(number, (int, float, np.number)) or not number > 0:
        raise InputError(f"{name} is {number!r}; give a positive number")
    return float(number)
