"""`numerical_gradient`: a function whose values are a numerical gradient, without error bars."""

import math
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Literal

import jax
import numpy as np

from ..._engine.settings import Settings, evaluator_of, make_settings
from ..._foundation.errors import InputError, UnknownNameError, require_between
from ..._foundation.layout import PyTree
from ..._foundation.precision import FLOAT64, precision_scope
from ..._model.arguments.complex_parts import imaginary
from ..._model.arguments.signature import Signature
from ..._model.arguments.user_functions import as_objective
from ..._model.arguments.validation import ORDER, require_function
from ..._model.problem import Problem
from ...methods._quotients import FORMULAS
from .quotients import CalledQuotients, CompiledQuotients, Quotients

Plain = Literal["central", "forward", "richardson", "complex-step"]
"""The methods of a plain gradient."""


def numerical_gradient(
    value: Callable[..., Any],
    *,
    method: Plain = "central",
    argnums: int | Sequence[int] = 0,
    step: float | None = None,
    bounds: tuple[PyTree, PyTree] = (-math.inf, math.inf),
    device: str | None = None,
    memory_bytes: int = Settings.memory_bytes,
    executor: Executor | None = None,
) -> Callable[..., PyTree]:
    """Returns a function of `(x, *args)` that gives the gradient of `value` by differences.

    It is for many calls, as in `scipy.optimize.minimize(value, x0, jac=…)`. It gives numbers
    alone, at the cost of the values that they need; `estimate` gives their error bars, once.

    A function of JAX is traced and compiled at the first call with arguments of new shapes, as
    by `jax.jit`: what it reads from elsewhere, such as a global, is that of the first call. A
    function of another kind is called on the host.

    Args:
        value: `value(x, *args)`, a scalar. All of it is computed in float64.
        method: `central` differences, with an error of the order of ε^(2/3); `forward` ones, with
            half of the values and an error of ε^(1/2); `richardson`, two central differences
            extrapolated to the order 4, with twice the values and an error of ε^(4/5); or
            `complex-step`, exact, for a function that is analytic and takes complex numbers.
        argnums: The numbers of the arguments to differentiate, as for `check`.
        step: The step for every coordinate, in place of one in proportion to max(|xᵢ|, 1).
        bounds: The lower and the upper bounds of the parameters, as for `check`: no value is
            taken outside.
        device: The default device of JAX by default.
        memory_bytes: Largest temporary memory of the perturbed points together.
        executor: For a `value` on the host, as for `check`.

    Returns:
        A function whose results are NumPy float64 arrays in the structure of `x`.

    Raises:
        InputError: if an argument cannot be used.

    Examples:
        >>> import numpy as np
        >>> import gradcompare
        >>> def distance(x, a):
        ...     return ((x - a) ** 2).sum()
        >>> gradient = gradcompare.numerical_gradient(distance)
        >>> np.round(gradient(np.array([1.0, 2.0]), np.array([0.0, 1.5])), 6)
        array([2., 1.])
        >>> gradient = gradcompare.numerical_gradient(distance, method="complex-step")
        >>> gradient(np.array([1.0, 2.0]), np.array([0.0, 1.5]))
        array([2., 1.])
    """
    require_function("value", value, ORDER)
    if not isinstance(method, str) or method not in FORMULAS:
        raise UnknownNameError("method", method, FORMULAS)
    if step is not None:
        require_between("step", step, 0, math.inf, "a positive number")
    chosen = {"device": device, "memory_bytes": memory_bytes, "executor": executor}
    settings = make_settings(["central"], timing=False, **chosen)
    return NumericalGradient(value, method, argnums, step, bounds, settings)


@dataclass(frozen=True)
class NumericalGradient:
    """The gradient of a function by differences.

    Attributes:
        value: The function.
        method: The method.
        argnums: The numbers of the arguments to differentiate.
        step: A fixed step; None for the rule of the method.
        bounds: The bounds of the parameters.
        settings: The device, the memory and the executor.
        programs: The programs so far, by all that they depend on.
    """

    value: Callable[..., Any]
    method: Plain
    argnums: int | Sequence[int]
    step: float | None
    bounds: tuple[PyTree, PyTree]
    settings: Settings
    programs: dict[Hashable, Quotients] = field(default_factory=dict, repr=False, compare=False)

    def __call__(self, x: PyTree, *args: Any) -> PyTree:
        """Returns the gradient at `x`."""
        signature = Signature.of((x, *args), self.argnums)
        key = _kind_of(signature)
        quotients = self.programs.get(key)
        if quotients is None:
            quotients = self._built(signature)
            if key is not None:
                self.programs[key] = quotients
        with precision_scope(FLOAT64):
            return quotients.at(signature.params, signature.data)

    def _built(self, signature: Signature) -> Quotients:
        """Compiles what arguments of this kind need, or finds that it is called on the host."""
        if imaginary(signature.params) is not None:
            raise InputError(
                "the point has complex numbers; give a function of their real and imaginary parts"
            )
        objective = as_objective(self.value, None, signature, self.bounds)
        problem = Problem.at(objective, signature.params, signature.data, "x")
        with precision_scope(FLOAT64):
            evaluator = evaluator_of(problem, self.settings)
            kind = CalledQuotients if evaluator.cache.opaque else CompiledQuotients
            return kind.of(evaluator, FORMULAS[self.method], self.step)


def _kind_of(signature: Signature) -> Hashable:
    """Returns all that a program depends on; None if a fixed argument cannot be told from others.

    Those are the structure of the arguments, the shapes and types of arrays, and fixed leaves.
    """
    kind: list[Hashable] = []
    for argument in signature.arguments:
        kind.append(argument.treedef)
        for leaf, varies in zip(argument.leaves, argument.varying, strict=True):
            kind.append((type(leaf), leaf) if not varies else _shape_of(leaf))
    try:
        hash(key := tuple(kind))
    except TypeError:
        return None
    return key


def _shape_of(leaf: Any) -> Hashable:
    if isinstance(leaf, (np.ndarray, np.generic, jax.Array)):
        return leaf.shape, leaf.dtype
    return type(leaf)
