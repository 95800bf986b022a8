"""A traced program, run with as many digits as mpmath is set to.

Values are arrays of NumPy with numbers of mpmath as objects. The rules that a function brings for
its derivative are not entered: the program is that of the value.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jax.extend.core import ClosedJaxpr, JaxprEqn, Literal
from mpmath import mp

from ...._introspection.jax_internals import CALLS, CUSTOM, loop_of, programs_in
from ...._introspection.jaxprs import divided, dtype_of
from .operations import OPERATIONS, UnsupportedError, real

ROUNDS = 2000
"""Longest loop."""


def to_digits(array: Any) -> np.ndarray:
    """Returns an array as objects: real numbers of mpmath, integers and booleans of Python."""
    array = np.asarray(array)
    if array.dtype == object:
        return array
    if np.issubdtype(array.dtype, np.complexfloating):
        raise UnsupportedError("complex numbers")
    objects = array.astype(object)
    return _entrywise(mp.mpf, [objects]) if np.issubdtype(array.dtype, np.floating) else objects


Observer = Callable[[JaxprEqn, list[np.ndarray], list[np.ndarray]], None]
"""Called with each operation, its operands and its results."""


def run_program(
    program: ClosedJaxpr, arguments: Sequence[np.ndarray], observe: Observer | None = None
) -> list[np.ndarray]:
    """Runs a program on arrays of objects.

    Raises:
        UnsupportedError: if an operation in it is not among those that are known here.
    """
    values: dict[Any, np.ndarray] = {}
    values |= zip(program.jaxpr.invars, arguments, strict=True)
    values |= zip(program.jaxpr.constvars, map(to_digits, program.consts), strict=True)

    def value(variable: Any) -> np.ndarray:
        if isinstance(variable, Literal):
            return to_digits(np.asarray(variable.val, dtype_of(variable)))
        return values[variable]

    for equation in program.jaxpr.eqns:
        operands = list(map(value, equation.invars))
        results = _results(equation, operands, observe)
        values |= zip(equation.outvars, results, strict=True)
    return list(map(value, program.jaxpr.outvars))


def _results(
    equation: JaxprEqn, operands: list[np.ndarray], observe: Observer | None
) -> list[np.ndarray]:
    name, bodies = equation.primitive.name, programs_in(equation)
    if name in (*CALLS, *CUSTOM) and bodies:
        return run_program(bodies[0], operands, observe)
    if name == "cond":
        number = min(max(int(operands[0].item()), 0), len(bodies) - 1)
        return run_program(bodies[number], operands[1:], observe)
    if name == "scan":
        return _loop(equation, operands)
    if name in OPERATIONS:
        results = [_entrywise(OPERATIONS[name], operands)]
    elif name in _STRUCTURE:
        results = [np.asarray(_STRUCTURE[name](equation, operands), dtype=object)]
    else:
        raise UnsupportedError(f"the operation {name}")
    if observe is not None:
        observe(equation, operands, results)
    return results


def _entrywise(function: Callable[..., Any], operands: Sequence[np.ndarray]) -> np.ndarray:
    entries = np.frompyfunc(function, len(operands), 1)(*operands)
    return np.asarray(entries, dtype=object)


def _loop(equation: JaxprEqn, operands: list[np.ndarray]) -> list[np.ndarray]:
    loop = loop_of(equation)
    if loop is None or loop.length > ROUNDS:
        raise UnsupportedError("a long loop")
    fixed, carried, rows = divided(equation, operands)
    carried, stacks = list(carried), []
    order = range(loop.length)
    for number in reversed(order) if loop.reverse else order:
        row = [np.asarray(each[number], dtype=object) for each in rows]
        results = run_program(loop.body, [*fixed, *carried, *row])
        carried = results[: loop.carried]
        stacks.append(results[loop.carried :])
    stacks = stacks[::-1] if loop.reverse else stacks
    return [*carried, *(np.stack(each) for each in zip(*stacks, strict=True))]


def _converted(equation: JaxprEqn, operands: list[np.ndarray]) -> np.ndarray:
    target = dtype_of(equation.outvars[0])
    if np.issubdtype(target, np.complexfloating):
        raise UnsupportedError("complex numbers")
    if np.issubdtype(target, np.floating):
        return _entrywise(mp.mpf, operands)
    kind = bool if target == np.bool_ else int
    return _entrywise(lambda x: kind(x) if mp.isfinite(x) else kind(0), operands)


def _integer_power(equation: JaxprEqn, operands: list[np.ndarray]) -> np.ndarray:
    exponent = equation.params["y"]

    def power(x: Any) -> Any:
        if exponent < 0 and x == 0:
            return mp.inf
        return real(x**exponent)

    return _entrywise(power, operands)


def _rounded(equation: JaxprEqn, operands: list[np.ndarray]) -> np.ndarray:
    even = int(equation.params["rounding_method"]) == 1

    def nearest(x: Any) -> Any:
        return mp.nint(x) if even else mp.sign(x) * mp.floor(abs(x) + 0.5)

    return _entrywise(nearest, operands)


def _selected(equation: JaxprEqn, operands: list[np.ndarray]) -> np.ndarray:
    return _entrywise(lambda which, *cases: cases[int(which)], operands)


def _broadcast(equation: JaxprEqn, operands: list[np.ndarray]) -> np.ndarray:
    shape = equation.params["shape"]
    inner = [1] * len(shape)
    for axis, size in zip(equation.params["broadcast_dimensions"], operands[0].shape, strict=True):
        inner[axis] = size
    return np.broadcast_to(operands[0].reshape(inner), shape)


def _sliced(equation: JaxprEqn, operands: list[np.ndarray]) -> np.ndarray:
    parameters = equation.params
    steps = parameters["strides"] or (1,) * operands[0].ndim
    corners = zip(parameters["start_indices"], parameters["limit_indices"], steps, strict=True)
    return operands[0][tuple(slice(*each) for each in corners)]


def _reduced(function: Callable[..., Any]) -> Callable[..., np.ndarray]:
    def reduce(equation: JaxprEqn, operands: list[np.ndarray]) -> np.ndarray:
        return function(operands[0], axis=tuple(equation.params["axes"]))

    return reduce


def _extreme(name: str) -> Callable[..., Any]:
    pair = np.frompyfunc(OPERATIONS[name], 2, 1)

    def reduce(array: np.ndarray, axis: tuple[int, ...]) -> Any:
        for each in sorted(axis, reverse=True):
            array = np.asarray(pair.reduce(array, axis=each), dtype=object)
        return array

    return reduce


def _reshaped(equation: JaxprEqn, operands: list[np.ndarray]) -> np.ndarray:
    return operands[0].reshape(getattr(equation.outvars[0].aval, "shape", ()))


def _product(equation: JaxprEqn, operands: list[np.ndarray]) -> np.ndarray:
    (left, right), (batch, _) = equation.params["dimension_numbers"]
    if batch:
        raise UnsupportedError("a product of many matrices")
    return np.tensordot(*operands, axes=(left, right))


def _cumulated(equation: JaxprEqn, operands: list[np.ndarray]) -> np.ndarray:
    axis, backwards = equation.params["axis"], equation.params["reverse"]
    array = np.flip(operands[0], axis) if backwards else operands[0]
    sums = np.cumsum(array, axis)
    return np.flip(sums, axis) if backwards else sums


def _counted(equation: JaxprEqn, operands: list[np.ndarray]) -> np.ndarray:
    shape, axis = equation.params["shape"], equation.params["dimension"]
    inner = [size if each == axis else 1 for each, size in enumerate(shape)]
    counts = np.arange(shape[axis], dtype=equation.params["dtype"]).reshape(inner)
    return to_digits(np.broadcast_to(counts, shape))


_STRUCTURE: dict[str, Callable[[JaxprEqn, list[np.ndarray]], Any]] = {
    "convert_element_type": _converted,
    "integer_pow": _integer_power,
    "round": _rounded,
    "select_n": _selected,
    "broadcast_in_dim": _broadcast,
    "reshape": _reshaped,
    "squeeze": _reshaped,
    "expand_dims": _reshaped,
    "transpose": lambda e, o: o[0].transpose(e.params["permutation"]),
    "rev": lambda e, o: np.flip(o[0], e.params["dimensions"]),
    "concatenate": lambda e, o: np.concatenate(o, e.params["dimension"]),
    "slice": _sliced,
    "dot_general": _product,
    "iota": _counted,
    "cumsum": _cumulated,
    "reduce_sum": _reduced(np.sum),
    "reduce_prod": _reduced(np.prod),
    "reduce_max": _reduced(_extreme("max")),
    "reduce_min": _reduced(_extreme("min")),
    "reduce_and": _reduced(np.all),
    "reduce_or": _reduced(np.any),
}
"""Operations with parameters, or that move entries."""
