"""Running times that mean something: warm, interleaved, many samples, spread stated."""

import functools
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import jax
import numpy as np

from ._precision import Device

BLOCK_SECONDS = 0.25e-3
"""5000 times what the clock resolves."""

ABOVE_DISPATCH = 3.0
"""A call that takes less than so many times what an empty one takes shows little of its work."""


@dataclass(frozen=True)
class Timing:
    """The running time of one call, and what its compilation cost.

    Attributes:
        median_seconds: The median over the samples.
        low_seconds: The lower quartile.
        high_seconds: The upper quartile.
        samples: How many blocks of calls were timed.
        compile_seconds: Tracing, lowering and compiling; None where nothing is compiled.
        flops: Floating-point operations as the compiler counts them, or None.
        peak_bytes: Temporary and output memory of the compiled program, or None.
        first_seconds: The first call after compilation, or None where it was not timed.
        dispatch_seconds: What a program that computes nothing takes on the same device, timed
            by turns with this one; None where nothing is dispatched.
    """

    median_seconds: float
    low_seconds: float
    high_seconds: float
    samples: int
    compile_seconds: float | None = None
    flops: float | None = None
    peak_bytes: int | None = None
    first_seconds: float | None = None
    dispatch_seconds: float | None = None

    @property
    def is_dispatch(self) -> bool:
        """Whether the time may be that of the call alone, whatever is computed."""
        floor = self.dispatch_seconds
        return floor is not None and self.median_seconds < ABOVE_DISPATCH * floor

    def overlaps(self, other: "Timing") -> bool:
        """Says whether the interquartile ranges overlap, so that neither can be called faster."""
        return self.low_seconds <= other.high_seconds and other.low_seconds <= self.high_seconds

    def is_faster(self, other: "Timing") -> bool:
        """Says whether this can be called faster: the work shows, and the spreads are apart."""
        apart = not self.overlaps(other) and not other.is_dispatch
        return apart and self.median_seconds < other.median_seconds


def measure(
    calls: Mapping[str, Callable[[], object]],
    *,
    repeats: int = 5,
    min_seconds: float = 0.005,
    max_seconds: float = 1.0,
) -> dict[str, np.ndarray]:
    """Times each of `calls` by turns, so that a drifting machine hits all of them alike.

    Each call must block until its result is there. Short calls are repeated within one
    sample, after one call that is not timed: a program that follows another one finds its
    data elsewhere and its threads asleep, which made the same program take 86 or 117 µs.
    A call takes part until it has run for `min_seconds` in at least `repeats` samples, or
    for `max_seconds` in at least one.

    Returns:
        The seconds of one call, for each sample of each name.
    """
    batch, samples, spent = {}, {}, {}
    for name, call in calls.items():
        call()
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


def _sample(call: Callable[[], object], times: int) -> float:
    if times > 1:
        call()
    start = time.perf_counter()
    for _ in range(times):
        call()
    return time.perf_counter() - start


def summarise(
    seconds: np.ndarray,
    *,
    compile_seconds: float | None = None,
    flops: float | None = None,
    peak_bytes: int | None = None,
    first_seconds: float | None = None,
    dispatch_seconds: float | None = None,
) -> Timing:
    """Returns the median and the quartiles of samples, beside what compilation cost."""
    low, median, high = (float(q) for q in np.quantile(seconds, [0.25, 0.5, 0.75]))
    return Timing(
        median,
        low,
        high,
        len(seconds),
        compile_seconds,
        flops,
        peak_bytes,
        first_seconds,
        dispatch_seconds,
    )


@functools.cache
def no_operation(device: Device) -> Callable[[], object]:
    """Returns a call of a program that computes next to nothing on `device`, and waits for it."""
    argument = jax.device_put(np.zeros(()), device)
    # One addition: of the identity, JAX returns the argument without calling any program.
    compiled = jax.jit(lambda x: x + 1).lower(argument).compile()
    return lambda: jax.block_until_ready(compiled(argument))
