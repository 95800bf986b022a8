"""Undocumented attributes of JAX; the only module that reads them.

Other modules read what JAX documents of a program: equations, operands, results, the names of
primitives. Parameters of operations, the calls that led to them, transformations and definitions
of functions are not documented. Each function here says, in its docstring or its message, what is
lost if a release of JAX lacks them; it then returns the rest, and logs a warning once. The tests
require that the installed release has everything.
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

BACKWARD = "custom_vjp_call"
"""Call of a function with a rule of its own for reverse mode, and none for forward mode."""

CUSTOM = ("custom_jvp_call", BACKWARD)
"""Calls of functions with their own rules for autodiff."""

_MISSING = object()


@functools.cache
def _lose(what: str) -> None:
    """Logs once that this release of JAX lacks something."""
    LOGGER.warning("jax %s does not tell %s", jax.__version__, what)


def _read(thing: Any, path: str, what: str) -> Any:
    """Returns the value at a path of attributes; None if one is missing, which loses `what`."""
    for name in path.split("."):
        get = thing.get if isinstance(thing, dict) else functools.partial(getattr, thing)
        thing = get(name, _MISSING)
        if thing is _MISSING:
            _lose(f"{what}: there is no {path}")
            return None
    return thing


def frames_of(equation: JaxprEqn) -> list[tuple[CodeType, int]]:
    """Returns the calls that led to an operation, the innermost first: code and offset in it.

    Without them: an empty list. Findings name no line, and branches cannot be distinguished.
    """
    what = "where an operation comes from, so that no line is named"
    traceback = _read(equation, "source_info.traceback", what)
    try:  # there is none where JAX made the operation by itself
        return [] if traceback is None else list(zip(*traceback.raw_frames(), strict=True))
    except (AttributeError, TypeError, ValueError):
        _lose(what)
        return []


def transforms_of(equation: JaxprEqn) -> tuple[str, ...]:
    """Returns the transformations of JAX that made an operation, as `jvp`; no scopes of users."""
    what = "which transformations made an operation, so that autodiff in a gradient is not noticed"
    steps = _read(equation, "source_info.name_stack.stack", what) or ()
    return tuple(step.name for step in steps if type(step).__name__ == "Transform")


class Origin(NamedTuple):
    """A Python function by its name, its file and its first line; empty where unknown."""

    name: str
    file: str = ""
    line: int = 0


def origin_of(traced: object) -> Origin:
    """Returns the function from which a program, or a rule for autodiff, was traced.

    Without it: a function without a name. The user's compiled functions and rules then count as
    those of a library, and findings do not look inside.
    """
    if traced is None:
        return Origin("")
    what = "where a function was defined, so that the user's cannot be told from a library's"
    name, file, line = (
        _read(traced, f"debug_info.func_{each}", what) for each in ("name", "filename", "lineno")
    )
    return Origin(name or "", file, line) if file and line else Origin(name or "")


def inner_programs(equation: JaxprEqn) -> list[Any]:
    """Returns all programs among the parameters of an operation, except hidden ones."""
    return list(filter(_is_program, jax.tree.leaves(equation.params, is_leaf=_is_program)))


def arrays_in(equation: JaxprEqn) -> list[Any]:
    """Returns the arrays among the parameters of an operation, except hidden ones."""
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

    Without them, and for `while` and unknown operations: none. Such an operation counts as one;
    its findings name the call and not the line inside, and its branches are not tested.
    """
    name = equation.primitive.name
    if name == "scan":
        loop = loop_of(equation)
        return [] if loop is None else [loop.body]
    what = f"what is inside of {name}, which is taken as one operation"
    if name == "cond":
        return list(map(closed, _read(equation, "params.branches", what) or ()))
    for parameter in ("jaxpr", "call_jaxpr"):
        if _is_program(equation.params.get(parameter)):
            return [closed(equation.params[parameter])]
    if name in (*CALLS, *CUSTOM):
        _lose(what)
    return []


def closed(program: Any) -> ClosedJaxpr:
    """Returns a program with its constants; one without any has none."""
    return program if isinstance(program, ClosedJaxpr) else ClosedJaxpr(program, ())


class Loop(NamedTuple):
    """A `scan`: `length` rounds of `body`, the last row first if in `reverse`.

    Its operands are the `fixed` ones, then those `carried` from round to round, then the rows.
    Its first results are the carried values after the last round.
    """

    body: ClosedJaxpr
    fixed: int
    carried: int
    length: int
    reverse: bool
    unroll: int | bool


def loop_of(equation: JaxprEqn) -> Loop | None:
    """Returns a `scan` as a loop; None for other operations, or without body, length or order."""
    if equation.primitive.name != "scan":
        return None
    what = "what a loop does, which is taken as one operation"
    names = ("jaxpr", "length", "reverse")
    body, length, reverse = (_read(equation, f"params.{name}", what) for name in names)
    if not isinstance(body, ClosedJaxpr) or length is None or reverse is None:
        return None
    # The parameters for these counts differ between releases, the shapes do not: values stacked
    # over the rounds have one axis more outside than in the body.
    carried = sum(map(_same_rank, equation.outvars, body.jaxpr.outvars))
    fixed = sum(map(_same_rank, equation.invars, body.jaxpr.invars)) - carried
    unroll = equation.params.get("unroll", 1)  # affects only the speed
    return Loop(body, fixed, carried, length, reverse, unroll)


def _same_rank(outside: Any, inside: Any) -> bool:
    return getattr(outside.aval, "ndim", 0) == getattr(inside.aval, "ndim", 0)


class CustomRule(NamedTuple):
    """The program of a function without its rule for autodiff, and the origins of both.

    The rule of a `custom_vjp` is the backward one. Unknown arguments have empty names.
    """

    function: ClosedJaxpr | None
    origin: Origin
    rule: Origin
    arguments: tuple[str, ...]


def custom_rule(equation: JaxprEqn) -> CustomRule:
    """Returns the function and the rule of an operation whose name is among `CUSTOM`.

    Without the function: autodiff cannot run without the rule, so no rule is accused.
    Without the rule: the finding names the function, and not the line of the rule.
    """
    what = "the rule of a function for autodiff, of which only the function is named"
    backward = equation.primitive.name == BACKWARD
    rule = _read(equation, f"params.{'bwd' if backward else 'jvp_jaxpr_fun'}", what)
    function = next(iter(programs_in(equation)), None)
    traced = None if function is None else function.jaxpr
    count = len(equation.invars)
    # The forward rule of a `custom_vjp` has its argument names. JAX itself loses some.
    forward = equation.params.get("fwd_jaxpr_thunk")
    infos = [getattr(each, "debug_info", None) for each in (traced, forward)]
    named = [names for info in infos if (names := getattr(info, "arg_names", None)) is not None]
    arguments = tuple(named[0]) if named and len(named[0]) == count else ("",) * count
    return CustomRule(function, origin_of(traced), origin_of(rule), arguments)


def parts_of_rule(function: object) -> list[Any]:
    """Returns the constant arguments of a function and its rules. Without: None, and no line."""
    own = ("jvp",) if isinstance(function, jax.custom_jvp) else ("fwd", "bwd")
    what = "the parts of a rule"
    parts = {name: _read(function, name, what) for name in ("nondiff_argnums", *own)}
    return [parts.get(name) for name in ("nondiff_argnums", "fwd", "bwd", "jvp")]


def summed_axes(equation: JaxprEqn) -> list[tuple[int, ...]]:
    """Returns the axes that an operation sums over, each by its number in every operand."""
    what = "the axes of a sum, so that a sum is not told from a mean"
    if equation.primitive.name == "reduce_sum":
        axes = _read(equation, "params.axes", what) or ()
        return [(int(axis),) for axis in axes]  # numbers of NumPy would be refused by `vmap`
    product = equation.primitive.name == "dot_general"
    dimensions = _read(equation, "params.dimension_numbers", what) if product else None
    return [] if dimensions is None else list(zip(*dimensions[0], strict=True))


def bind(equation: JaxprEqn, operands: Sequence[Any]) -> list[Any]:
    """Runs one operation on other operands, and returns its results."""
    results = equation.primitive.bind(*operands, **equation.params)
    return list(results) if equation.primitive.multiple_results else [results]


def part_of(jaxpr: Jaxpr, **changes: Any) -> Jaxpr:
    """Returns a program with changes, without the names that `jax_enable_checks` would compare."""
    forget = _read(jaxpr, "debug_info.with_unknown_names", "how to forget the names of arguments")
    return jaxpr.replace(**changes, **({} if forget is None else {"debug_info": forget()}))


def is_dropped(variable: Any) -> bool:
    """Whether a result is unused. Without JAX's mark: False, and it is computed in vain."""
    return type(variable).__name__ == "DropVar"


def is_traced(value: object) -> bool:
    """Whether JAX traces a value, which is no number. Without the class: False; it fails later."""
    tracer = _read(jax, "core.Tracer", "which values are traced")
    return tracer is not None and isinstance(value, tracer)
