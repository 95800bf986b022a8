"""Why a derivative is wrong: its program is run with many digits, and with those of float64.

If many digits make it right, the formula is right, and the operation is sought that loses them.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, JaxprEqn
from mpmath import mp

from ...._foundation.frames import span_of
from ...._foundation.user_code import line_of
from ...._introspection.jax_internals import CUSTOM, custom_rule, frames_of
from ...._introspection.jaxprs import equations
from .operations import UNKNOWN
from .program import run_program, to_digits

LARGEST, SMALLEST = 1.8e308, 2.3e-308

LOST = 100
"""An operation loses the digits if its result is so many times as far off as its operands."""


def cause_of(
    function: Callable[..., Any],
    gradient: Callable[..., Any],
    arguments: Sequence[Any],
    truth: float,
    entry: tuple[int, ...] = (),
) -> str:
    """Returns a sentence on the cause; empty if nothing is known.

    Args:
        function: The function under test, whose file the line is sought in.
        gradient: Its derivative by autodiff.
        arguments: The point.
        truth: The true derivative.
        entry: The entry of the derivative.
    """
    program = jax.make_jaxpr(gradient)(*arguments)
    try:
        exact, steps = _run(program, arguments, 60)
    except UNKNOWN:
        return _rules(program)
    if not mp.isfinite(exact[entry]) or abs(exact[entry] - truth) > 1e-6 * abs(truth):
        return f"the formula of the derivative is wrong here in exact arithmetic too{_by(program)}"
    step = _losing(steps, _run(program, arguments, 15)[1])
    where = "" if step is None else f": {step[1]} in `{step[0].primitive.name}`"
    return f"the formula is right, and float64 loses it{where}{_line(step, function)}"


def _run(program: ClosedJaxpr, arguments: Sequence[Any], digits: int) -> tuple[Any, list]:
    steps: list[tuple[JaxprEqn, list, list]] = []

    def keep(equation: JaxprEqn, operands: list, results: list) -> None:
        steps.append((equation, operands, results))

    with mp.workdps(digits):
        return run_program(program, list(map(to_digits, arguments)), keep)[0], steps


def _losing(exact: list, rounded: list) -> tuple[JaxprEqn, str] | None:
    """Returns the operation that overflows, underflows or cancels most, and which of these."""
    worst, found = float(LOST), None
    for (equation, operands, results), (other, rounded_operands, rounded_results) in zip(
        exact, rounded, strict=False
    ):
        if equation is not other:
            return None  # another branch
        if any(map(_overflows, _numbers(results))) and not any(map(mp.isinf, _numbers(operands))):
            return equation, "a number overflows"
        if any(x and abs(x) < SMALLEST for x in _numbers(results)):
            return equation, "a number underflows"
        before = max(_error(operands, rounded_operands), 1e-16)
        loss = _error(results, rounded_results) / before
        if loss > worst:
            worst, found = loss, (equation, "digits cancel")
    return found


def _overflows(x: Any) -> bool:
    return bool(abs(x) > LARGEST)


def _numbers(arrays: Sequence[np.ndarray]) -> list[Any]:
    return [x for array in arrays for x in array.flat if isinstance(x, mp.mpf)]


def _error(exact: Sequence[np.ndarray], rounded: Sequence[np.ndarray]) -> float:
    """Returns the largest relative difference."""
    pairs = zip(_numbers(exact), _numbers(rounded), strict=False)
    errors = [float(abs(a - b) / abs(a)) for a, b in pairs if mp.isfinite(a) and a]
    return max((e for e in errors if e == e), default=0.0)


def _line(step: tuple[JaxprEqn, str] | None, function: Callable[..., Any]) -> str:
    """Returns the line of the function under test that an operation comes from."""
    if step is None:
        return ""
    code = getattr(inspect.unwrap(function), "__code__", None)
    frames = [(c.co_filename, offset, c) for c, offset in frames_of(step[0])]
    for file, offset, each in frames:
        if code is not None and file == code.co_filename:
            line = span_of(each, offset).line
            return f" ({line_of(file, line)})" if line else ""
    return ""


def _rules(program: ClosedJaxpr) -> str:
    by = _by(program)
    return f"not known; the program has a rule of its own{by}" if by else ""


def _by(program: ClosedJaxpr) -> str:
    """Returns the first rule for autodiff in a program, with its line."""
    for equation in equations(program.jaxpr):
        if equation.primitive.name in CUSTOM:
            origin = custom_rule(equation).origin
            if origin.file:
                return f": {origin.name} ({line_of(origin.file, origin.line)})"
    return ""
