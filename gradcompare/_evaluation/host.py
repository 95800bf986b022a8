"""Functions that cannot be traced: NumPy, SciPy, compiled code, Python that branches on numbers.

They are called directly, on their own copies of NumPy arrays.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PyTree

from .._foundation.errors import InputError, outcome_of
from .._foundation.limits.clock import check_time
from .._foundation.precision import cast
from .._foundation.user_code import describe
from .._model.objective import Data, Params
from .._model.problem import Problem
from .function import AbstractFunction, Function
from .near.calls import called_at


@dataclass(frozen=True, kw_only=True)
class HostFunction(AbstractFunction):
    """A function that is called on the host.

    Attributes:
        function: The function.
        shapes: The shapes of its results, after the first call.
    """

    on_host: ClassVar[bool] = True

    function: Function
    shapes: list[tuple[int, ...]] = field(default_factory=list)

    @classmethod
    def of(
        cls, function: Function, args: tuple, epsilon: float, traced: Exception
    ) -> "HostFunction | Exception":
        """Returns a function that can be called with these arguments; otherwise its error.

        Args:
            function: The function.
            args: Its arguments.
            epsilon: The unit of rounding of their type.
            traced: The error that it raises while JAX traces it.
        """
        plain = cls(function=function, args=args, epsilon=epsilon)
        error = outcome_of(plain)
        if not isinstance(error, Exception):
            return plain
        of_jax = cls(function=with_arrays_of_jax(function), args=args, epsilon=epsilon)
        second = outcome_of(of_jax)
        return error_on_host(error, second, traced) if isinstance(second, Exception) else of_jax

    def run(self, *args: PyTree) -> PyTree:
        """Calls the function with copies of the arguments, so that it cannot change them.

        Raises:
            InputError: if its results have other shapes than before.
        """
        check_time()
        result = self.function(*jax.tree.map(np.array, args))
        shapes = [np.shape(leaf) for leaf in jax.tree.leaves(result)]
        self.shapes[:] = self.shapes or shapes
        require_shapes(shapes, self.shapes)
        return result


def error_on_host(first: Exception, second: Exception, traced: Exception) -> Exception:
    """Returns the error to show of a function that fails wherever it is called.

    It is that of the call with arrays of NumPy. Only a function of JAX, which fails with arrays of
    JAX as it does while JAX traces it, may fail with those of NumPy for want of what they lack.

    Args:
        first: The error of the call with arrays of NumPy.
        second: The same with arrays of JAX.
        traced: The error that is raised while JAX traces the function.
    """
    of_jax = type(second) is type(traced) and type(first) is not type(traced)
    return second if of_jax else first


def as_arrays(result: PyTree, what: str) -> PyTree[np.ndarray]:
    """Returns what a function returns, with arrays of NumPy.

    Raises:
        InputError: if a part of it is a masked array, or cannot be made an array.
    """

    def array(leaf: Any) -> np.ndarray:
        if isinstance(leaf, np.ma.MaskedArray):
            raise InputError(
                f"{what} is a masked array, whose mask would be lost; return its data, such as "
                "array.filled(0.0)"
            )
        outcome = outcome_of(lambda: np.asarray(leaf))
        if isinstance(outcome, Exception):
            raise InputError(
                f"{what} is an object of class {type(leaf).__name__} that cannot be made an array "
                f"({describe(outcome)}); return numbers or arrays"
            ) from outcome
        return outcome

    return jax.tree.map(array, result)


def require_shapes(shapes: Sequence[tuple[int, ...]], before: Sequence[tuple[int, ...]]) -> None:
    """Checks the shapes of what a function returns.

    Raises:
        InputError: if they are not those of before.
    """
    if list(shapes) != list(before):
        theirs, ours = (", ".join(map(str, each)) for each in (before, shapes))
        raise InputError(
            f"a function returns the shapes {theirs} at one call and {ours} at another; let them "
            "depend on the shapes of its arguments alone"
        )


@dataclass(frozen=True)
class HostBatches:
    """An objective at many points, one after another or with an executor.

    Attributes:
        problem: The objective at one point.
        dtype: The dtype of its arguments.
        executor: Calls it at several points at a time: threads, processes, a cluster.
        failed: Takes the type and the words of an error that the objective raises at a point.
        of_jax: Whether it needs arrays of JAX.
    """

    problem: Problem
    dtype: np.dtype
    executor: Executor | None
    failed: Callable[[str, str], None]
    of_jax: bool = False

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
        value = self.problem.objective.value
        value = with_arrays_of_jax(value) if self.of_jax else value
        call = partial(_number, value, cast(self.problem.data, self.dtype))
        values = called_at(call, trees, self.executor, self.failed)
        return np.array([math.nan if value is None else value for value in values])


def with_arrays_of_jax(function: Callable) -> Callable:
    """Returns the function of NumPy arrays that calls `function` with arrays of JAX.

    JAX cannot trace a function that looks at a number, and yet it may use `x.at`.
    """
    return partial(_called_with_arrays_of_jax, function)  # a partial function pickles


def _called_with_arrays_of_jax(function: Callable, *args: PyTree) -> PyTree:
    return jax.tree.map(np.asarray, function(*jax.tree.map(jnp.asarray, args)))


def _number(value: Callable[[Params, Data], PyTree], data: Data, params: Params) -> float:
    return float(np.asarray(value(params, data)))


def require_untouched(what: str, function: Callable, params: Params, data: Data) -> PyTree:
    """Calls `function` on copies of its arguments, and returns its result.

    Raises:
        InputError: if it changes one of its arguments.
    """
    copies = jax.tree.map(np.array, (params, data))
    result = function(*copies)
    leaves = zip(
        jax.tree_util.tree_leaves_with_path(copies), jax.tree.leaves((params, data)), strict=True
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
