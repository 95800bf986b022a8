"""Running times that mean something: warm, interleaved, many samples, spread stated."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

BLOCK_SECONDS = 0.5e-3


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
    """

    median_seconds: float
    low_seconds: float
    high_seconds: float
    samples: int
    compile_seconds: float | None = None
    flops: float | None = None
    peak_bytes: int | None = None

    def overlaps(self, other: "Timing") -> bool:
        """Says whether the interquartile ranges overlap, so that neither can be called faster."""
        return self.low_seconds <= other.high_seconds and other.low_seconds <= self.high_seconds


def measure(
    calls: Mapping[str, Callable[[], object]],
    *,
    repeats: int = 5,
    min_seconds: float = 0.02,
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
    waiting = list(calls)
    while waiting:
        for name in waiting:
            elapsed = _sample(calls[name], batch[name])
            samples[name].append(elapsed / batch[name])
            spent[name] += elapsed
        waiting = [
            name
            for name in waiting
            if spent[name] < max_seconds
            and (spent[name] < min_seconds or len(samples[name]) < repeats)
        ]
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
) -> Timing:
    """Returns the median and the quartiles of samples, beside what compilation cost."""
    low, median, high = (float(q) for q in np.quantile(seconds, [0.25, 0.5, 0.75]))
    return Timing(median, low, high, len(seconds), compile_seconds, flops, peak_bytes)
