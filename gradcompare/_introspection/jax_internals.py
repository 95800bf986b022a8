"""The shapes inside JAX that it promises to nobody; the only module that reads them.

What JAX documents of a program is read everywhere: equations, operands, results, the names of
primitives. Parameters of operations, the calls that led to them, transformations and where a
function was defined are not documented. Each function here says what is lost where a release of
JAX does not tell; it returns that little then, and logs a warning, once. The tests hold that the
installed release tells everything.
"""

import functools
import logging
from collections.abc import Sequence
from types import CodeType
from typing import Any, NamedTuple

import jax
import jax.core
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn

LOGGER = logging.getLogger("gradcompare")

CALLS = ("jit", "pjit", "closed_call", "eval_jaxpr", "core_call", "remat", "remat2", "checkpoint")
"""Operations that run an inner program once."""

CUSTOM = ("custom_jvp_call", "custom_vjp_call")
"""Calls of functions with rules of their own for autodiff."""

_MISSING = object()


@functools.cache
def _lose(what: str) -> None:
    """Says once that this release of JAX does not tell something."""
    LOGGER.warning("jax %s does not tell %s", jax.__version__, what)


def _read(thing: Any, path: str, what: str) -> Any:
    """Returns what stands at a path of attributes and parameters.

    Where one is missing: None, with a word about `what` is lost by that.
    """
    for name in path.split("."):
        get = thing.get if isinstance(thing, dict) else functools.partial(getattr, thing)
        thing = get(name, _MISSING)
        if thing is _MISSING:
            _lose(f"{what}: there is no {path}")
            return None
    return thing


def frames_of(equation: JaxprEqn) -> list[tuple[CodeType, int]]:
    """Returns the calls that led to an operation, the innermost first: code and offset in it.

    Without them: an empty list. Findings name no line, and no branch can be told from another.
    """
    what = "where an operation comes from, so that no line is named"
    traceback = _read(equation, "source_info.traceback", what)
    if traceback is None:  # of an operation that JAX made by itself
        return []
    try:
        return list(zip(*traceback.raw_frames(), strict=True))
    except (AttributeError, TypeError, ValueError):
        _lose(what)
        return []


def transforms_of(equation: JaxprEqn) -> tuple[str, ...]:
    """Returns the transformations of JAX that made an operation, as `jvp` and `vmap`.

    A scope that the user named is none of them. Without them: nothing. Autodiff in a gradient
    written by hand is not noticed.
    """
    what = "which transformations made an operation, so that autodiff in a gradient is not noticed"
    steps = _read(equation, "source_info.name_stack.stack", what) or ()
    return tuple(step.name for step in steps if type(step).__name__ == "Transform")


class Made(NamedTuple):
    """A function of Python by its name, its file and its first line; nothing where unknown."""

    name: str
    file: str = ""
    line: int = 0


def made_from(traced: object) -> Made:
    """Returns which function a program, or a rule for autodiff, was traced from.

    Without that: a function without a name. The user's compiled functions and rules count as
    those of a library then; nothing is said of what is inside of them.
    """
    if traced is None:
        return Made("")
    what = "where a function was defined, so that the user's cannot be told from a library's"
    name, file, line = (
        _read(traced, f"debug_info.func_{each}", what) for each in ("name", "filename", "lineno")
    )
    return Made(name or "", file, line) if file and line else Made(name or "")


def inner_programs(equation: JaxprEqn) -> list[Any]:
    """Returns all programs among the parameters of an operation, closed or not.

    One that JAX hides in another object is not among them. What is inside of it is not counted.
    """
    leaves = jax.tree.leaves(equation.params, is_leaf=_is_program)
    return [leaf for leaf in leaves if _is_program(leaf)]


def arrays_in(equation: JaxprEqn) -> list[Any]:
    """Returns the arrays among the parameters of an operation, but for what JAX hides."""
    leaves = jax.tree.leaves(equation.params, is_leaf=_is_program)
    return [leaf for leaf in leaves if isinstance(leaf, (np.ndarray, jax.Array))]


def sorted_axis(equation: JaxprEqn) -> int:
    """Returns the axis along which a `sort` sorts. Without it: the last."""
    axis = _read(equation, "params.dimension", "the axis of a sort, which is taken for the last")
    return -1 if axis is None else axis


def _is_program(value: object) -> bool:
    return isinstance(value, (Jaxpr, ClosedJaxpr))


def programs_in(equation: JaxprEqn) -> list[ClosedJaxpr]:
    """Returns the programs that an operation runs: one, or the branches of a `cond`.

    Without them: none. The operation is taken as one then; its findings name the call and not
    the line inside, its branches are not tested. So are `while` and what is not known here.
    """
    name = equation.primitive.name
    if name == "scan":
        loop = loop_of(equation)
        return [] if loop is None else [loop.body]
    what = f"what is inside of {name}, which is taken as one operation"
    if name == "cond":
        return list(map(_closed, _read(equation, "params.branches", what) or ()))
    for parameter in ("jaxpr", "call_jaxpr"):
        if _is_program(equation.params.get(parameter)):
            return [_closed(equation.params[parameter])]
    if name in (*CALLS, *CUSTOM):
        _lose(what)
    return []


def _closed(program: Any) -> ClosedJaxpr:
    return program if isinstance(program, ClosedJaxpr) else ClosedJaxpr(program, ())


class Loop(NamedTuple):
    """A `scan`: `length` rounds of `body`, the last row first if it is in `reverse`.

    Its operands are the `fixed` ones, then those that are `carried` on from round to round, then
    those that are taken row by row. Its first results are what is carried at the end.
    """

    body: ClosedJaxpr
    fixed: int
    carried: int
    length: int
    reverse: bool
    unroll: int | bool


def loop_of(equation: JaxprEqn) -> Loop | None:
    """Returns what a `scan` does; None for other operations.

    Without the body, the length or the order: None. The loop is taken as one operation then.
    """
    if equation.primitive.name != "scan":
        return None
    what = "what a loop does, which is taken as one operation"
    names = ("jaxpr", "length", "reverse")
    body, length, reverse = (_read(equation, f"params.{name}", what) for name in names)
    if not isinstance(body, ClosedJaxpr) or length is None or reverse is None:
        return None
    # JAX has counted them in two ways by now, so it is read off the shapes: what is stacked over
    # the rounds has one axis more outside than in the body.
    carried = sum(map(_same_rank, equation.outvars, body.jaxpr.outvars))
    fixed = sum(map(_same_rank, equation.invars, body.jaxpr.invars)) - carried
    unroll = equation.params.get("unroll", 1)  # of the speed alone
    return Loop(body, fixed, carried, length, reverse, unroll)


def _same_rank(outside: Any, inside: Any) -> bool:
    return getattr(outside.aval, "ndim", 0) == getattr(inside.aval, "ndim", 0)


class CustomRule(NamedTuple):
    """The program of a function without its rule for autodiff, and where both were defined.

    Of a `custom_vjp`, the rule is the one that goes backwards. Unknown arguments have no name.
    """

    function: ClosedJaxpr | None
    made: Made
    rule: Made
    arguments: tuple[str, ...]


def custom_rule(equation: JaxprEqn) -> CustomRule:
    """Returns the function and the rule of an operation whose name is among `CUSTOM`.

    Without the function: autodiff cannot be tried without the rule, so no rule is accused.
    Without the rule: the finding names the function, and not the line of the rule.
    """
    what = "the rule of a function for autodiff, of which only the function is named"
    backwards = equation.primitive.name == "custom_vjp_call"
    rule = _read(equation, f"params.{'bwd' if backwards else 'jvp_jaxpr_fun'}", what)
    function = next(iter(programs_in(equation)), None)
    traced = None if function is None else function.jaxpr
    count = len(equation.invars)
    # The names of a `custom_vjp` are with the rule that goes forwards. JAX loses some itself.
    forwards = equation.params.get("fwd_jaxpr_thunk")
    infos = [getattr(each, "debug_info", None) for each in (traced, forwards)]
    named = [names for info in infos if (names := getattr(info, "arg_names", None)) is not None]
    known = tuple(named[0]) if named and len(named[0]) == count else ("",) * count
    return CustomRule(function, made_from(traced), made_from(rule), known)


def summed_axes(equation: JaxprEqn) -> list[tuple[int, ...]]:
    """Returns the axes that an operation sums over: of each, its number in every operand.

    Without them: none. A sum that should be a mean, and the reverse, is not recognised.
    """
    what = "the axes of a sum, so that a sum is not told from a mean"
    if equation.primitive.name == "reduce_sum":
        return [(axis,) for axis in _read(equation, "params.axes", what) or ()]
    if equation.primitive.name != "dot_general":
        return []
    dimensions = _read(equation, "params.dimension_numbers", what)
    return [] if dimensions is None else list(zip(*dimensions[0], strict=True))


def bind(equation: JaxprEqn, operands: Sequence[Any]) -> list[Any]:
    """Runs one operation on other operands, and returns its results."""
    found = equation.primitive.bind(*operands, **equation.params)
    return list(found) if equation.primitive.multiple_results else [found]


def part_of(jaxpr: Jaxpr, **changes: Any) -> Jaxpr:
    """Returns a program with other arguments, results or operations, and without their names.

    Where the names stay: JAX raises, if its own checks are on (`jax_enable_checks`).
    """
    forget = _read(jaxpr, "debug_info.with_unknown_names", "how to forget the names of arguments")
    return jaxpr.replace(**changes, **({} if forget is None else {"debug_info": forget()}))


def is_dropped(variable: Any) -> bool:
    """Whether nobody reads a result. Without JAX's mark: False, and it is computed in vain."""
    return type(variable).__name__ == "DropVar"


def is_traced(value: object) -> bool:
    """Whether a value is one that JAX traces, and no number.

    Without the class: False. An array without numbers is taken for one with, and fails later.
    """
    tracer = _read(jax, "core.Tracer", "which values are traced")
    return tracer is not None and isinstance(value, tracer)
