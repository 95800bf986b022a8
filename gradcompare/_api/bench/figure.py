"""The measurement of one figure: time, accuracy, memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..._engine.settings import Settings
from ..._engine.timing import (
    EMPTY_POOLED,
    dispatch_of,
    empty_calls,
    measure,
    seconds_of,
    yardstick,
)
from ..._foundation.precision import precision_scope
from ..._foundation.user_code import describe
from ...methods._base import AbstractMethod
from .statistics import median_interval, ratio_interval
from .subject import VALUE, Subject

REPEATS = 20
"""Smallest number of samples of a figure, unless they take too long together."""

MIN_SECONDS = 0.05
"""Shortest time for which each call is timed: samples from more than one moment."""

MAX_SECONDS = 1.0
"""Longest time for which a call is timed, if it is not a single one."""

ATTEMPTS = 4
"""Largest number of times that a figure is measured while the machine is busy."""

BUSY = 1.05
"""Ratio of the yardstick to the fastest one so far from which on the machine is busy."""

QUIETEST: dict[Callable[[], object], float] = {}
"""The fastest time of each yardstick in this process."""

YARDSTICK = "yardstick"

FIGURES: dict[str, Any] = dict.fromkeys(
    (
        *("seconds", "low", "high", "compile_seconds", "first_seconds", "peak_bytes", "error"),
        *("fastest_seconds", "ratio", "ratio_low", "ratio_high"),
        *("dispatch_seconds", "fastest_dispatch_seconds", "yardstick_seconds", "spent_seconds"),
    )
) | {"calls": 0}
"""The fields of a record that are measured, while nothing is."""


@dataclass(frozen=True)
class Call:
    """A call to be timed, and what is known of it.

    Attributes:
        run: The call, which waits for its result.
        error: The error of its result.
        costs: The costs of its compilation.
    """

    run: Callable[[], object]
    error: float | None
    costs: Mapping[str, Any]


def figure(subject: Subject, method: AbstractMethod | None, settings: Settings) -> dict[str, Any]:
    """Returns the measured fields of a record, of one method or, for None, of the value."""

    def measured() -> dict[str, Any]:
        with precision_scope(settings.dtype):
            call = _call(subject, method)
            return _timed(subject, call, settings)

    try:
        fields, spent = seconds_of(measured)
    except Exception as error:  # of the user's functions, or of the memory
        return FIGURES | {"status": "error", "reason": describe(error)}
    return fields | {"spent_seconds": spent, "status": "ok", "reason": ""}


def _call(subject: Subject, method: AbstractMethod | None) -> Call:
    """Compiles a method, runs it once, and looks how accurate it is."""
    program = subject.value_program
    if method is None:
        number = np.array([subject.evaluator.value()])
        return Call(program, subject.error(VALUE, number), _costs(subject, VALUE, program))
    estimate = subject.estimate(method)
    program = subject.program(method)
    run = program or partial(subject.estimate, method)
    error = subject.error(method.label, estimate.value)
    return Call(run, error, _costs(subject, method, program))


def _costs(subject: Subject, key: Any, program: Any) -> dict[str, Any]:
    return {
        "compile_seconds": program and program.compile_seconds,
        "first_seconds": program and program.first_seconds,
        "peak_bytes": subject.peak_bytes(key),
    }


def _in_a_quiet_moment(calls: dict[str, Callable[[], object]]) -> dict[str, np.ndarray]:
    """Returns the times of the calls, of several attempts while the machine is busy.

    It is busy if the yardstick takes longer than it ever did in this process.
    """
    attempts: list[dict[str, np.ndarray]] = []
    for _ in range(ATTEMPTS):
        samples = measure(
            calls,
            repeats=REPEATS,
            min_seconds=MIN_SECONDS,
            max_seconds=MAX_SECONDS,
            singly=True,
        )
        attempts.append(samples)
        stick = float(np.min(samples[YARDSTICK]))
        quietest = QUIETEST.setdefault(calls[YARDSTICK], stick)
        QUIETEST[calls[YARDSTICK]] = min(quietest, stick)
        if stick <= BUSY * quietest or sum(samples[""]) >= MAX_SECONDS:
            break
    return {name: np.concatenate([s[name] for s in attempts]) for name in calls}


def _timed(subject: Subject, call: Call, settings: Settings) -> dict[str, Any]:
    """Times a call by turns with the value and with what shows the state of the machine."""
    others = {
        VALUE: subject.value_program,
        **empty_calls(settings.device),
        YARDSTICK: yardstick(settings.device),
    }
    samples = _in_a_quiet_moment({"": call.run, **others})
    time, ratio = median_interval(samples[""]), ratio_interval(samples[""], samples[VALUE])
    fastest = {name: float(np.min(seconds)) for name, seconds in samples.items()}
    return {
        "seconds": time.value,
        "low": time.low,
        "high": time.high,
        **call.costs,
        "error": call.error,
        "calls": len(samples[""]),
        "fastest_seconds": fastest[""],
        "ratio": ratio.value,
        "ratio_low": ratio.low,
        "ratio_high": ratio.high,
        "dispatch_seconds": dispatch_of(time.value, samples),
        "fastest_dispatch_seconds": fastest[EMPTY_POOLED],
        "yardstick_seconds": fastest[YARDSTICK],
    }
