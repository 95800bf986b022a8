"""What is read of JAX and of CPython beyond what they document: all of it is there.

Where the first part fails with a new release, that release has changed a shape: the name of the
test says which, and `_introspection/jax_internals.py` or `_foundation/frames.py` is to learn it.
"""

import ast
import dis
import inspect
import sys
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep
from test_floors import MODULES

import gradcompare
from gradcompare._foundation import frames
from gradcompare._introspection import jax_internals
from gradcompare._introspection.jaxprs import differentiates, divided, equations
from gradcompare._introspection.rewriting.replacement import run_one

HERE = __file__


@jax.custom_jvp
def halved(x):
    return x / 2


@halved.defjvp
def halved_rule(primals, tangents):
    return halved(primals[0]), tangents[0] / 2


@jax.custom_vjp
def product(x, y):
    return x * y


def product_forwards(x, y):
    return product(x, y), (x, y)


def product_backwards(kept, tangent):
    return tangent * kept[1], tangent * kept[0]


product.defvjp(product_forwards, product_backwards)


def line_of(function) -> int:
    return inspect.unwrap(function).__code__.co_firstlineno


def traced(function, *args):
    return jax.make_jaxpr(function)(*(args or (np.ones(3, np.float32),)))


def the(name: str, function, *args):
    """The one operation of this name in a program."""
    (found,) = [e for e in equations(traced(function, *args).jaxpr) if e.primitive.name == name]
    return found


def looped(x):
    def body(carry, row):
        return (carry[0] * row[0], carry[1] + x[0]), (row, row * x[1])

    return jax.lax.scan(body, (x[2], 0.0), jnp.arange(4.0)[:, None] * x, reverse=True)


def chosen(x):
    return jax.lax.cond(x[0] > 0, jnp.sin, jnp.cos, x)


@pytest.fixture(autouse=True)
def _heard():
    """Each loss is said anew."""
    jax_internals._lose.cache_clear()


@pytest.fixture(name="nothing_lost", autouse=True)
def _nothing_lost(request, caplog):
    yield
    if "lost" not in request.fixturenames:
        assert not caplog.get_records("call")


def test_frames_of_an_operation():
    def sine(x):
        return jnp.sin(x)

    def caller(x):
        return sine(x)

    found = jax_internals.frames_of(the("sin", caller))
    mine = [code.co_name for code, _ in found if code.co_filename == HERE]
    assert mine[:2] == ["sine", "caller"]  # the innermost first


def test_the_offset_of_a_frame_gives_the_expression():
    equation = the("sin", lambda x: 2 * jnp.sin(x))
    spans = [
        frames.span_of(code, offset)
        for code, offset in jax_internals.frames_of(equation)
        if code.co_filename == HERE
    ]
    line = Path(HERE).read_text().splitlines()[spans[0].line - 1]
    assert line[spans[0].start : spans[0].stop] == "jnp.sin(x)"


def test_transforms_of_an_operation():
    assert jax_internals.transforms_of(the("cos", jax.vmap(jax.grad(jnp.sin)))) == ("vmap", "jvp")
    named = the("sin", jax.named_scope("jvp(")(jnp.sin))
    assert jax_internals.transforms_of(named) == ()
    assert differentiates(traced(jax.grad(jnp.sin), 1.0).jaxpr)
    assert not differentiates(traced(jax.named_scope("jvp(")(jnp.sin)).jaxpr)


def test_the_function_a_program_was_made_from():
    inside = the("jit", jax.jit(looped)).params["jaxpr"]
    made = jax_internals.origin_of(inside.jaxpr)
    assert made == ("looped", HERE, line_of(looped))


@pytest.mark.parametrize("wrapper", [jax.jit, jax.checkpoint])
def test_the_program_inside_of_a_call(wrapper):
    (call,) = traced(wrapper(jnp.tanh)).jaxpr.eqns
    assert call.primitive.name in jax_internals.CALLS
    (inside,) = jax_internals.programs_in(call)
    assert [e.primitive.name for e in equations(inside.jaxpr)] == ["tanh"]


def test_the_program_inside_of_a_saved_linearisation():
    """`closed_call`, or what stands for it."""
    saved = jax.linearize(jnp.tanh, np.ones(3, np.float32))[1]
    for call in traced(saved).jaxpr.eqns:
        inside = jax_internals.inner_programs(call)
        assert bool(inside) == (call.primitive.name in jax_internals.CALLS)


def test_the_branches_of_a_condition():
    branches = jax_internals.programs_in(the("cond", chosen))
    assert [[e.primitive.name for e in branch.jaxpr.eqns] for branch in branches] == [
        ["cos"],
        ["sin"],
    ]


def test_the_programs_of_a_while_loop():
    loop = the("while", lambda x: jax.lax.while_loop(lambda y: y[0] < 9, lambda y: 2 * y, x))
    inside = [getattr(each, "jaxpr", each) for each in jax_internals.inner_programs(loop)]
    assert {e.primitive.name for each in inside for e in each.eqns} >= {"lt", "mul"}
    assert jax_internals.programs_in(loop) == []


def test_a_loop():
    scan = the("scan", looped)
    loop = jax_internals.loop_of(scan)
    assert loop is not None
    assert (loop.length, loop.reverse, loop.unroll) == (4, True, 1)
    _, carried, rows = divided(scan, scan.invars)
    assert [v.aval.shape for v in carried] == [(), ()]
    assert [v.aval.shape for v in rows] == [(4, 3)]
    assert len(loop.body.jaxpr.invars) == len(scan.invars) == loop.fixed + 2 + 1


@pytest.mark.parametrize("scalars", [True, False])
def test_the_operands_of_a_loop_are_told_by_their_shapes(scalars):
    """As jax counts them itself, where it does."""

    def summed(x):
        start = (0.0, x) if scalars else x
        carry = (lambda c, r: (c[0] + r, c[1] * r)) if scalars else (lambda c, r: c * r)
        return jax.lax.scan(lambda c, r: (carry(c, r), r), start, jnp.arange(5.0))

    scan = the("scan", summed)
    loop = jax_internals.loop_of(scan)
    assert loop is not None
    assert loop.fixed + loop.carried + 1 == len(scan.invars)
    if "num_consts" in scan.params:
        counts = scan.params["num_consts"], scan.params["num_carry"]
        assert counts == (loop.fixed, loop.carried)


def test_a_rule_of_custom_jvp():
    rule = jax_internals.custom_rule(the("custom_jvp_call", halved))
    assert rule.function is not None
    assert [e.primitive.name for e in rule.function.jaxpr.eqns] == ["div"]
    assert rule.origin == ("halved", HERE, line_of(halved))
    assert rule.rule == ("halved_rule", HERE, line_of(halved_rule))
    assert rule.arguments == ("x",)


def test_a_rule_of_custom_vjp():
    x = np.ones(3, np.float32)
    rule = jax_internals.custom_rule(the("custom_vjp_call", product, x, x))
    assert rule.function is not None
    assert [e.primitive.name for e in rule.function.jaxpr.eqns] == ["mul"]
    assert rule.origin == ("product", HERE, line_of(product))
    assert rule.rule == ("product_backwards", HERE, line_of(product_backwards))
    assert rule.arguments == ("x", "y")


def test_the_parts_of_a_rule():
    parts = jax_internals.parts_of_rule
    assert parts(product) == [(), product_forwards, product_backwards, None]
    assert parts(halved) == [(), None, None, halved_rule]


def test_the_axes_of_a_sum():
    def axes(name, function, *shapes):
        given = [np.ones(shape, np.float32) for shape in shapes]
        return jax_internals.summed_axes(the(name, function, *given))

    assert axes("reduce_sum", lambda a: jnp.sum(a, axis=(0, 2)), (2, 3, 4)) == [(0,), (2,)]
    assert axes("dot_general", lambda a, b: a @ b, (2, 3), (3, 4)) == [(1, 0)]
    assert jax_internals.summed_axes(the("sin", jnp.sin)) == []


def test_an_operation_runs_alone():
    x = np.array([1.0, 2.0, 3.0], np.float32)
    (split,) = traced(lambda x: jnp.split(x, 3)[1]).jaxpr.eqns
    assert jax_internals.bind(the("sin", jnp.sin), [x])[0] == pytest.approx(np.sin(x))
    assert len(jax_internals.bind(split, [x])) == len(split.outvars)


def test_a_part_of_a_program():
    whole = traced(lambda x, y: jnp.sin(x) + jnp.cos(y), 1.0, 2.0)
    part = jax_internals.part_of(whole.jaxpr, outvars=whole.jaxpr.eqns[0].outvars)
    with jax.enable_checks(True):
        run = jax.extend.core.jaxpr_as_fun(jax.extend.core.ClosedJaxpr(part, ()))
        assert run(1.0, 2.0)[0] == pytest.approx(np.sin(1.0))


def test_a_result_that_nobody_reads():
    """Up to jax 0.8, such results are marked, and cannot be had; since, they are as the others."""
    x = np.array([1.0, 2.0, 3.0], np.float32)
    program = traced(lambda x: jnp.split(x, 3)[1])
    (split,) = program.jaxpr.eqns
    results = run_one(program.jaxpr, split, [x])
    assert float(results[1][0]) == 2
    assert [each is None for each in results] == list(map(jax_internals.is_dropped, split.outvars))
    assert not any(map(jax_internals.is_dropped, program.jaxpr.invars))


def test_a_traced_value():
    seen = []
    jax.make_jaxpr(lambda x: seen.append(jax_internals.is_traced(x)))(1.0)
    assert seen == [True]
    assert not jax_internals.is_traced(jnp.ones(1))


def test_the_calls_that_are_going_on():
    frame, *_ = frames.callers()
    code = frame.f_code
    assert code.co_name == "test_the_calls_that_are_going_on"
    assert frames.span_of(code, frame.f_lasti).line >= code.co_firstlineno + 1


GLOBAL = 1.0


def numbers(x):
    def inside(y):
        return 2.5 * y.GLOBAL

    return inside(x) + 7 + GLOBAL + (3 if x else True)


def test_the_numbers_and_variables_of_code():
    first = numbers.__code__.co_firstlineno
    found = dict(frames.numbers_in(numbers.__code__))
    assert found[2.5] == first + 2
    assert found[7] == found[3] == first + 4
    assert not any(isinstance(number, bool) for number in found)
    assert frames.globals_in(numbers.__code__) == ("GLOBAL",)


# With a shape removed: what is said to be left is left, and the loss is said.

LEFT = {
    "frames_of": [],
    "transforms_of": (),
    "programs_in": [],
    "loop_of": None,
    "summed_axes": [],
}


def bare(name: str, **fields):
    """An operation of which JAX tells nothing."""
    return SimpleNamespace(
        primitive=SimpleNamespace(name=name), params={}, invars=[1, 2], outvars=[3], **fields
    )


@pytest.mark.parametrize("name", ["jit", "cond", "scan", "custom_jvp_call", "reduce_sum"])
@pytest.mark.parametrize("accessor", LEFT)
def test_what_is_left_of_an_operation(accessor, name, caplog, lost):
    assert getattr(jax_internals, accessor)(bare(name)) == LEFT[accessor]
    told = [each for each in caplog.records if each.name == "gradcompare"]
    asked = {
        "programs_in": name != "reduce_sum",
        "loop_of": name == "scan",
        "summed_axes": name == "reduce_sum",
    }
    assert bool(told) == asked.get(accessor, True)
    assert all("does not tell" in each.getMessage() for each in told)


@pytest.fixture(name="lost")
def _lost():
    """A test in which something is lost on purpose."""


def test_frames_of_another_shape(lost):
    traceback = SimpleNamespace(raw_frames=lambda: 7)
    equation = bare("sin", source_info=SimpleNamespace(traceback=traceback))
    assert jax_internals.frames_of(equation) == []


def test_what_is_left_of_a_rule(lost):
    rule = jax_internals.custom_rule(bare("custom_vjp_call"))
    assert rule == (None, ("", "", 0), ("", "", 0), ("", ""))
    assert jax_internals.origin_of(SimpleNamespace()) == ("", "", 0)


def test_a_loss_is_said_once(caplog, lost):
    for _ in range(3):
        jax_internals.frames_of(bare("sin"))
    assert len(caplog.records) == 1


def test_what_is_left_where_python_tells_nothing(monkeypatch):
    monkeypatch.delattr(sys, "_getframe")
    assert list(frames.callers()) == []
    monkeypatch.setattr(dis, "opmap", {})
    first = numbers.__code__.co_firstlineno
    assert (2.5, first + 1) in set(frames.numbers_in(numbers.__code__))
    small = (7, first) in set(frames.numbers_in(numbers.__code__))
    assert small or 7 not in numbers.__code__.co_consts
    assert set(frames.globals_in(numbers.__code__)) >= {"GLOBAL"}
    code = numbers.__code__.replace(co_linetable=b"")
    assert frames.span_of(code, 10**6) == frames.Span()


def value(w):
    with jax.named_scope("scope"):
        rounds = jax.lax.scan(lambda c, r: (c + r * w[0], None), 0.0, jnp.arange(1.0, 4.0))[0]
    choice = jax.lax.cond(w[0] > 100, lambda v: 5 * v[2], lambda v: v[2], w)
    return rounds + halved(w[1]) + product(w[0], w[1]) + jnp.sum(w**2) + choice


def gradient(w):
    right = jax.grad(value)(w)
    return right.at[2].add(-w[2])  # the square of w[2] counts once


REMOVED = {
    "frames": "source_info.traceback",
    "transforms": "source_info.name_stack.stack",
    "origins": "debug_info.func_filename",
    "branches": "params.branches",
    "bodies": "params.jaxpr",
    "rounds": "params.length",
    "rules of custom_jvp": "params.jvp_jaxpr_fun",
    "rules of custom_vjp": "params.bwd",
    "axes": "params.axes",
    "tracers": "core.Tracer",
}


# What tells lines, branches and loops, and everything.
FEW_REMOVED = {"frames", "branches", "bodies", "everything"}


@pytest.mark.parametrize("shape", sweep([*REMOVED, "inner programs", "everything"], FEW_REMOVED))
def test_a_check_runs_without(shape, monkeypatch, lost):
    read = jax_internals._read

    def without(thing, path, what):
        gone = shape == "everything" or path == REMOVED.get(shape)
        return None if gone else read(thing, path, what)

    monkeypatch.setattr(jax_internals, "_read", without)
    if shape in ("inner programs", "everything"):
        monkeypatch.setattr(jax_internals, "_is_program", lambda thing: False)
    comparison = gradcompare.check(value, gradient, np.array([1.0, 2.0, 3.0]))
    assert comparison.results[0].verdict.name == "ANALYTIC_WRONG"
    assert all(p.judgement.faulty == (2,) for p in comparison.results[0].points)


# No other module reads them.

ATTRIBUTES = {
    "_introspection.jax_internals": (
        *("source_info", "name_stack", "debug_info", "raw_frames", "arg_names", "func_src_info"),
        *("func_name", "func_filename", "func_lineno", "Tracer", "with_unknown_names"),
    ),
    "_foundation.frames": (
        *("_getframe", "f_lasti", "f_back", "co_positions", "co_consts", "co_names", "co_lines"),
        *("opname", "opmap", "get_instructions", "argval"),
    ),
}
PARAMETERS = (
    *("call_jaxpr", "jvp_jaxpr_fun", "fwd_jaxpr_thunk", "bwd", "num_consts", "num_carry", "ft_in"),
    *("cond_jaxpr", "body_jaxpr", "dimension_numbers"),
)
OPERATIONS = ("equation", "eqn", "scan", "call")

WHOLE = {
    ("_introspection.narrow.parameters", "equation.params"),
    ("_api.scan.truth.program", "equation.params"),
    ("_api.scan.truth.program", "dimension_numbers"),
}
"""Modules that pass all parameters on, or give each operation its meaning, if it has those that
they know."""


def reads(source: str) -> set[tuple[str, str]]:
    """What a module reads that is one adapter's, with the adapter."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            found |= {(a, node.attr) for a, names in ATTRIBUTES.items() if node.attr in names}
            if node.attr == "params" and ast.unparse(node.value).split(".")[-1] in OPERATIONS:
                found.add(("_introspection.jax_internals", ast.unparse(node)))
        elif isinstance(node, ast.Constant) and node.value in PARAMETERS:
            found.add(("_introspection.jax_internals", node.value))
        elif isinstance(node, ast.ImportFrom) and node.module in ("jax.core", "dis"):
            found.add(("", node.module))
        elif isinstance(node, ast.Import):
            found |= {("_foundation.frames", "dis") for a in node.names if a.name == "dis"}
    return found


@pytest.mark.parametrize("module", MODULES)
def test_only_the_adapters_read_what_is_inside(module):
    found = reads(MODULES[module].read_text())
    others = [read for adapter, read in found if adapter != module]
    assert not [read for read in others if (module, read) not in WHOLE]


@pytest.mark.parametrize(
    "line",
    [
        "x.source_info.traceback",
        "equation.params['jaxpr']",
        "step.equation.params",
        "p.get('call_jaxpr')",
        "from jax.core import Tracer",
        "import dis",
        "sys._getframe(1)",
        "code.co_positions()",
    ],
)
def test_a_look_inside_is_noticed(line):
    assert reads(line)
