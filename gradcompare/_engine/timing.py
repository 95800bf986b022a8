"""Reproducible running times: warm, interleaved, in many samples, with their spread."""

import functools
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import jax
import numpy as np

from .._foundation.precision import Device

BLOCK_SECONDS = 0.25e-3
"""Least duration of a sample: 5000 times the resolution of the clock."""


def measure(
    calls: Mapping[str, Callable[[], object]],
    *,
    repeats: int = 5,
    min_seconds: float = 0.005,
    max_seconds: float = 1.0,
) -> dict[str, np.ndarray]:
    """Times each of `calls` by turns, so that a drift of the machine affects all of them alike.

    Each call must block until its result is ready. Short calls are repeated within one
    sample, after one call that is not timed: a program that follows another one finds its
    data elsewhere and its threads asleep, which made the same program take 86 or 117 µs.
    A call is timed until it has run for `min_seconds` in at least `repeats` samples, or
    for `max_seconds` in at least one.

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
            elapsed = _sample(calls[name], batch[name])
            samples[name].append(elapsed / batch[name])
            spent[name] += elapsed
        waiting = unfinished(waiting)
    return {name: np.array(values) for name, values in samples.items()}


T = TypeVar("T")


def seconds_of(call: Callable[[], T]) -> tuple[T, float]:
    """Returns the result of one call and its seconds."""
    start = time.perf_counter()
    result = call()
    return result, time.perf_counter() - start


def _sample(call: Callable[[], object], times: int) -> float:
    if times > 1:
        call()
    start = time.perf_counter()
    for _ in range(times):
        call()
    return time.perf_counter() - start


@functools.cache
def no_operation(device: Device) -> Callable[[], object]:
    """Returns a call of a program that computes next to nothing on `device`, and waits for it."""
    argument = jax.device_put(np.zeros(()), device)
    # One addition: of the identity, JAX returns the argument without calling any program.
    compiled = jax.jit(lambda x: x + 1).lower(argument).compile()
    return lambda: jax.block_until_ready(compiled(argument))
