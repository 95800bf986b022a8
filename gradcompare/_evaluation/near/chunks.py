"""Many values of one function in one compiled program, a chunk of points at a time.

A chunk of one point runs the function as it is; a larger one runs it vectorised, which turns
products with a vector into products of matrices, and costs memory. Which is faster depends on
the function by factors of 3 to 14, and time is not a smooth function of the chunk: the chained
Rosenbrock function with d = 1000 took 1.3 ms one point at a time, 3.6 in chunks of 2, 2.4 in
chunks of 16 and 5.0 for all 2000 points at once; a network with 10⁴ parameters 840, 910, 620
and 2100 ms, and 540 in chunks of 64 (`benchmarks/speed.py`). So the choice depends on the
operations of the function and on the memory, and candidates are measured where that pays.
"""

import time
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Int

from ..._foundation.errors import outcome_of

MATRIX_CHUNK = 128
"""Chunk wide enough for the full speed of matrix products, narrow enough for the cache."""

SMALL_CHUNK = 2
"""Chunk for so few points that XLA on the CPU runs the whole program in the calling thread."""

CPU_BYTES = 31 << 20
"""Memory limit of a chunk on the CPU: beyond 32 MiB, glibc maps memory afresh for every call
(23 ms instead of 6.8 ms measured)."""

WORTHWHILE_SECONDS = 0.25
"""Least total time for which candidates are measured; compiling one costs about 0.1 s."""


def map_chunks(
    function: Callable[..., Array],
    arrays: Sequence[Array],
    chunk: int,
    dtype: DTypeLike,
    batches: Int[Array, ""] | None = None,
) -> Float[Array, " m"]:
    """Applies `function` to the entries of `arrays`, `chunk` of them at a time.

    The last chunk is moved back so that it ends with the arrays: nothing is padded, and a few
    entries are computed twice. The loop stops after `batches` chunks; the remaining results are
    0. The results have the dtype `dtype`: to learn that of the function would need one more
    trace, which took a tenth of all tracing.
    """
    count = arrays[0].shape[0]
    chunk = min(chunk, count)

    def some(*parts):
        if chunk == 1:  # vmap over one point would turn a product with a vector into another
            return jnp.asarray(function(*(part[0] for part in parts)))[None]
        # A callback may not say how it is vectorised; it is then called point by point.
        vectorised = outcome_of(lambda: jax.vmap(function)(*parts))
        if not isinstance(vectorised, Exception):
            return vectorised
        return lax.map(lambda each: function(*each), parts)

    if chunk == count:
        return some(*arrays)

    def body(k, out):
        parts = (lax.dynamic_slice(array, (k * chunk,), (chunk,)) for array in arrays)
        return lax.dynamic_update_slice(out, some(*parts).astype(out.dtype), (k * chunk,))

    steps = -(-count // chunk) if batches is None else batches
    return lax.fori_loop(0, steps, body, jnp.zeros(count, dtype))


def values_at(
    f: Callable[[Float[Array, " d"]], Float[Array, ""]],
    x: Float[Array, " d"],
    indices: Int[Array, " m"],
    values: Float[Array, " m"],
    chunk: int,
    batches: Int[Array, ""] | None = None,
    line: tuple[Float[Array, " d"], Float[Array, " m"]] | None = None,
) -> Float[Array, " m"]:
    """Returns f at x with `x[indices[j]]` replaced by `values[j]`, for every j.

    The points are made one chunk at a time, so there are never more than `chunk` copies of x.

    Args:
        f: The function.
        x: The point.
        indices: The entries that are replaced; d for none.
        values: Their new values.
        chunk: The number of points that are evaluated together.
        batches: The number of chunks after which the loop stops.
        line: A direction u and shifts, which move x to `x + shifts[j] * u`.
    """
    place = jnp.arange(x.shape[0], dtype=indices.dtype)

    def value(index, entry, *shift):
        base = x + shift[0] * line[0] if line is not None else x
        if chunk == 1:  # written in place: 1.1 ms instead of 3.6 ms (Rosenbrock, d = 1000)
            return f(base.at[index].set(entry))
        return f(jnp.where(place == index, entry, base))  # fuses into f; a scatter does not

    shifts = () if line is None else (line[1],)
    return map_chunks(value, (indices, values, *shifts), chunk, x.dtype, batches)


def choose_chunk(
    points: int,
    build: Callable[[int], Callable[[int], object]],
    *,
    value: Callable[[], object],
    multiplies: bool,
    point_bytes: int,
    memory_bytes: int,
    on_cpu: bool,
) -> int:
    """Chooses the number of points that are evaluated together.

    Args:
        points: The number of all points.
        build: `build(chunk)(k)` evaluates k chunks and waits for them.
        value: Evaluates one point and waits for it.
        multiplies: Whether the function multiplies by a matrix.
        point_bytes: The temporary memory of one point.
        memory_bytes: The memory limit of one chunk.
        on_cpu: Whether it runs on a CPU; an accelerator is fastest with as many points as fit.
    """
    limit = max(1, min(points, memory_bytes // max(point_bytes, 1)))
    if on_cpu:
        first = _first_on_cpu(points, min(limit, CPU_BYTES // point_bytes), multiplies)
        candidates = [limit, 8, 32, MATRIX_CHUNK, 1, 1024]
    else:
        first = balanced(points, limit)
        candidates = [max(1, limit // 16), max(1, limit // 128)]
    value()
    if points * _seconds(lambda _: value(), 1) < WORTHWHILE_SECONDS:
        return first
    return best_chunk(first, [c for c in candidates if c <= limit], build, points)


def _first_on_cpu(points: int, fitting: int, multiplies: bool) -> int:
    """Chooses a chunk without a measurement."""
    fitting = max(1, fitting)
    if multiplies:
        wanted = points if points <= 2 * MATRIX_CHUNK else MATRIX_CHUNK
        return balanced(points, min(fitting, wanted))
    if points <= 32:
        return min(SMALL_CHUNK, points)
    return points if points <= fitting else 1


def balanced(points: int, chunk: int) -> int:
    """Returns the size of nearly equal chunks, at most `chunk` + 7."""
    if chunk >= points:
        return points
    even = -(-points // -(-points // chunk))
    return min(points, 8 * -(-even // 8)) if even > 8 else even


def best_chunk(
    first: int,
    candidates: Sequence[int],
    build: Callable[[int], Callable[[int], object]],
    points: int,
) -> int:
    """Measures candidates while that costs less than a quarter of the time of all points.

    Args:
        first: The first chunk to measure.
        candidates: The other chunks, in this order.
        build: `build(chunk)(k)` runs k chunks and waits for them.
        points: The number of all points.
    """
    started = time.perf_counter()
    best, fastest = first, _seconds_per_point(build(first), first, points)
    for candidate in candidates:
        spent = time.perf_counter() - started
        if spent > 0.25 * fastest * points:
            break
        if candidate != best:
            seconds = _seconds_per_point(build(candidate), candidate, points)
            if seconds < 0.93 * fastest:  # a near tie keeps the earlier choice
                best, fastest = candidate, seconds
    return best


def _seconds_per_point(run: Callable[[int], object], chunk: int, points: int) -> float:
    """Times enough chunks for 4 ms, or all of them; returns the best of three."""
    all_chunks = -(-points // chunk)
    chunks = 1
    run(chunks)
    while True:
        seconds = min(_seconds(run, chunks) for _ in range(3))
        if seconds >= 4e-3 or chunks == all_chunks:
            return seconds / min(chunks * chunk, points)
        chunks = min(all_chunks, max(2 * chunks, int(4e-3 / seconds * chunks) + 1))


def _seconds(run: Callable[[int], object], chunks: int) -> float:
    start = time.perf_counter()
    run(chunks)
    return time.perf_counter() - start
