"""Reproducible running times: warm, interleaved, in many samples, with their spread."""

import functools
import itertools
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .._foundation.precision import Device

BLOCK_SECONDS = 0.25e-3
"""Least duration of a sample: 5000 times the resolution of the clock."""

YARDSTICK_ROW, YARDSTICK_TURNS = 256, 2000
"""Length of the vector in the yardstick, and number of its operations: about 0.1 ms."""

POOLED = 4096
"""Number of operations of a program that JAX does not run in the calling thread."""


def measure(
    calls: Mapping[str, Callable[[], object]],
    *,
    repeats: int = 5,
    min_seconds: float = 0.005,
    max_seconds: float = 1.0,
    singly: bool = False,
) -> dict[str, np.ndarray]:
    """Times each of `calls` by turns, so that a drift of the machine affects all of them alike.

    Each call must block until its result is ready. Short calls are repeated within one
    sample, after one call that is not timed: a program that follows another one finds its
    data elsewhere and its threads asleep, which made the same program take 86 or 117 µs.
    A call is timed until it has run for `min_seconds` in at least `repeats` samples, or
    for `max_seconds` in at least one.

    Args:
        calls: The calls by their names.
        repeats: The least number of samples.
        min_seconds: The least time for each of them together.
        max_seconds: The time after which one sample is enough.
        singly: Whether a call is a sample of its own. The fastest of them shows what a call takes
            while nothing else keeps the machine busy.

    Returns:
        The seconds of one call, for each sample of each name.
    """
    batch, samples, spent = {}, {}, {}
    for name, call in calls.items():
        call()  # warm: caches, threads, first loads
        start = time.perf_counter()
        call()
        once = time.perf_counter() - start
        batch[name] = max(1, round(BLOCK_SECONDS / max(once, 1e-9)))
        samples[name] = [once] if batch[name] == 1 else []
        spent[name] = sum(samples[name])

    def unfinished(names: Iterable[str]) -> list[str]:
        return [
            name
            for name in names
            if spent[name] < max_seconds
            and (spent[name] < min_seconds or len(samples[name]) < repeats)
        ]

    waiting = unfinished(calls)
    while waiting:
        for name in waiting:
            each = (_each if singly else _mean)(calls[name], batch[name])
            samples[name] += each
            spent[name] += batch[name] / len(each) * sum(each)
        waiting = unfinished(waiting)
    return {name: np.array(values) for name, values in samples.items()}


T = TypeVar("T")


def seconds_of(call: Callable[[], T]) -> tuple[T, float]:
    """Returns the result of one call and its seconds."""
    start = time.perf_counter()
    result = call()
    return result, time.perf_counter() - start


def _mean(call: Callable[[], object], times: int) -> list[float]:
    """Returns the mean time of some calls, after one that is not timed."""
    if times > 1:
        call()
    start = time.perf_counter()
    for _ in range(times):
        call()
    return [(time.perf_counter() - start) / times]


def _each(call: Callable[[], object], times: int) -> list[float]:
    """Returns the time of each of some calls, after one that is not timed."""
    if times > 1:
        call()
    marks = [time.perf_counter()]
    for _ in range(times):
        call()
        marks.append(time.perf_counter())
    return [after - before for before, after in itertools.pairwise(marks)]


@functools.cache
def no_operation(device: Device) -> Callable[[], object]:
    """Returns a call of a program that computes next to nothing on `device`, and waits for it."""
    argument = jax.device_put(np.zeros(()), device)
    # One addition: of the identity, JAX returns the argument without calling any program.
    compiled = jax.jit(lambda x: x + 1).lower(argument).compile()
    return lambda: jax.block_until_ready(compiled(argument))


@functools.cache
def pooled_operation(device: Device) -> Callable[[], object]:
    """Returns a call that computes next to nothing too, but as a program of many operations.

    On the CPU, JAX runs a program with few operations in the calling thread, and others through
    its pool of threads. Which of them it is depends on what the program might compute, and the
    longer branch of this one is never taken.
    """
    argument = jax.device_put(np.zeros(()), device)

    def branches(x):
        many = jnp.arange(POOLED, dtype=x.dtype)
        return lax.cond(x > 1, lambda y: jnp.sum(jnp.sin(y + many)), lambda y: y + 1, x)

    compiled = jax.jit(branches).lower(argument).compile()
    return lambda: jax.block_until_ready(compiled(argument))


EMPTY, EMPTY_POOLED = "no operation", "no operation in the pool"
"""Names of the calls that compute nothing, in the calling thread and through the pool."""


def empty_calls(device: Device) -> dict[str, Callable[[], object]]:
    """Returns the calls whose times are those of dispatch alone."""
    return {EMPTY: no_operation(device), EMPTY_POOLED: pooled_operation(device)}


def dispatch_of(seconds: float, samples: Mapping[str, np.ndarray]) -> float:
    """Returns the time of dispatch that a program pays, from its own time and empty calls'.

    A program that takes less than the pool does was not sent through it.
    """
    inline, pooled = (float(np.median(samples[name])) for name in (EMPTY, EMPTY_POOLED))
    return max(inline, pooled) if seconds >= pooled else inline


@functools.cache
def yardstick(device: Device) -> Callable[[], object]:
    """Returns a call of a fixed program, whose time shows how fast the machine is at the moment.

    It is a loop in the calling thread that keeps the arithmetic units busy, so that it is slower
    where another thread on the same core uses them.
    """
    argument = jax.device_put(np.linspace(0, 1, YARDSTICK_ROW, dtype=np.float32), device)

    def loop(x):
        return lax.fori_loop(0, YARDSTICK_TURNS, lambda _, y: y * 0.5 + x, x)

    compiled = jax.jit(loop).lower(argument).compile()
    return lambda: jax.block_until_ready(compiled(argument))
