"""Functions that cannot be traced: NumPy, SciPy, compiled code, Python that branches on numbers.

They are called as they are, on NumPy arrays of their own that they may do with as they please.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

import jax
import numpy as np
from jaxtyping import Float, PyTree

from .._foundation.errors import InputError
from .._foundation.precision import cast
from .._model.objective import Data, Params, Problem
from .program import Function

CHUNKS = 64
"""Into so many parts many points are divided for an executor: enough for any machine's cores."""


@dataclass(frozen=True)
class HostFunction:
    """A function that is called on the host; what a `CompiledFunction` is for a compiled one.

    Attributes:
        function: What is called.
        args: The arguments to call it with.
        epsilon: The unit of rounding of the type it is asked to compute in.
    """

    function: Function
    args: tuple
    epsilon: float
    multiplies: bool = False
    compile_seconds: None = None
    flops: None = None
    peak_bytes: None = None
    differentiates: bool = False
    rules: tuple[str, ...] = ()
    captured_bytes: int = 0

    def run(self, *args: PyTree) -> PyTree:
        """Calls the function with copies of the arguments, so that it cannot change them."""
        return self.function(*jax.tree.map(np.array, args))

    def __call__(self) -> object:
        """One call with the arguments it was made for."""
        return self.run(*self.args)


@dataclass(frozen=True)
class HostBatches:
    """An objective at many points, one after another or by an executor.

    Attributes:
        problem: The objective at one point.
        dtype: What it is asked to compute in.
        executor: Calls it at several points at a time: threads, processes, a cluster.
    """

    problem: Problem
    dtype: np.dtype
    executor: Executor | None

    def perturbed(
        self, indices: np.ndarray, steps: Float[np.ndarray, " k"]
    ) -> Float[np.ndarray, " k"]:
        x = self.problem.layout.flatten(self.problem.params)

        def moved(i, step):
            y = x.copy()
            y[i] += step
            return y

        return self._at(map(moved, indices, steps))

    def along(
        self, steps: Float[np.ndarray, " k"], direction: PyTree | None
    ) -> Float[np.ndarray, " k"]:
        layout = self.problem.layout
        x = layout.flatten(self.problem.params)
        u = layout.flatten(self.problem.direction if direction is None else direction)
        return self._at(x + step * u for step in steps)

    def _at(self, points: Iterable[Float[np.ndarray, " d"]]) -> Float[np.ndarray, " k"]:
        layout = self.problem.layout
        trees = [layout.unflatten(x.astype(self.dtype, copy=False)) for x in points]
        call = partial(number, self.problem.objective.value, cast(self.problem.data, self.dtype))
        if self.executor is None:
            return np.fromiter(map(call, trees), np.float64, len(trees))
        chunk = max(1, len(trees) // CHUNKS)
        return np.fromiter(self.executor.map(call, trees, chunksize=chunk), np.float64)


def number(value: Callable[[Params, Data], PyTree], data: Data, params: Params) -> float:
    """The value at a point, as a Python number."""
    return float(np.asarray(value(params, data)))


def require_untouched(what: str, function: Callable, params: Params, data: Data) -> PyTree:
    """Calls `function` on copies, and returns what it gives.

    Raises:
        InputError: if it changes an array that it was given.
    """
    given = jax.tree.map(np.array, (params, data))
    result = function(*given)
    leaves = zip(
        jax.tree_util.tree_leaves_with_path(given), jax.tree.leaves((params, data)), strict=True
    )
    for (path, after), before in leaves:
        both_nan = (after != after) & (before != before)
        changed = np.flatnonzero((after != before) & ~both_nan)
        if changed.size:
            i = int(changed[0])
            where = jax.tree_util.keystr(path[1:]) or ""
            name = ("the point", "its data")[path[0].idx]
            raise InputError(
                f"{what} changes {name} in place (entry {i}{' of ' + where if where else ''}: "
                f"{np.ravel(before)[i]} → {np.ravel(after)[i]}); let it work on a copy"
            )
    return result
