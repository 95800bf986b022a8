"""Functions that compute in bfloat16, float16 or float32: float64 stands in for the type."""

import functools
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import jaxpr_as_fun
from sweeps import sweep

from gradcompare import Objective, Verdict, check, compare, locate
from gradcompare._introspection.narrow.types import narrowest, rounded_literals
from gradcompare._introspection.narrow.widening import CannotWidenError, Widening

TYPES = {"float32": jnp.float32, "bfloat16": jnp.bfloat16, "float16": jnp.float16}
every_type = pytest.mark.parametrize("name", TYPES)
every_seed = pytest.mark.parametrize("seed", sweep(range(6)))


def case(seed):
    rng = np.random.default_rng(seed)
    params = {
        "W": 0.4 * rng.standard_normal((6, 12)),
        "b": 0.1 * rng.standard_normal(12),
        "V": 0.4 * rng.standard_normal((12, 2)),
    }
    return params, rng.standard_normal((32, 6)), rng.standard_normal((32, 2))


def network(dtype, activation=jnp.tanh):
    def loss(p, X, y):
        p, X, y = jax.tree.map(lambda leaf: leaf.astype(dtype), (p, X, y))
        r = activation(X @ p["W"] + p["b"]) @ p["V"] - y
        return jnp.mean(r.astype(jnp.float32) ** 2)

    return loss


def by_hand(dtype, slope=lambda z: 1 - jnp.tanh(z) ** 2, activation=jnp.tanh):
    """The gradient of `network`, computed in `dtype`."""

    def gradient(p, X, y):
        p, X, y = jax.tree.map(lambda leaf: leaf.astype(dtype), (p, X, y))
        z = X @ p["W"] + p["b"]
        h = activation(z)
        r = (h @ p["V"] - y) * (2 / y.size)
        back = (r @ p["V"].T) * slope(z)
        return {"W": X.T @ back, "b": back.sum(0), "V": h.T @ r}

    return gradient


def gelu_slope(z):
    """Of the tanh form, with the constants multiplied out: 3 · 0.044715 = 0.134145."""
    t = jnp.tanh(0.7978845608 * (z + 0.044715 * z**3))
    return 0.5 * (1 + t) + 0.5 * z * (1 - t**2) * 0.7978845608 * (1 + 0.134145 * z**2)


def said(value, gradient, seed, **settings):
    result = check(value, gradient, *case(seed), seed=seed, **settings)
    return result.verdict, result


def in_turn(kinds) -> list:
    """Each kind with one of the types, one after the other."""
    return list(zip(kinds, TYPES, strict=False))


BUILT_IN = {"tanh": jnp.tanh, "gelu": jax.nn.gelu, "relu": jax.nn.relu}


@every_seed
@pytest.mark.parametrize(
    ("activation", "name"), sweep(product(BUILT_IN, TYPES), in_turn(BUILT_IN))
)
def test_right_autodiff_agrees(name, activation, seed):
    verdict, result = said(network(TYPES[name], BUILT_IN[activation]), None, seed)
    assert verdict in (Verdict.AGREE, Verdict.VALID_SUBGRADIENT), str(result)
    assert f"float64 stands in for {name} (test_narrow_types.py:" in str(result)


IRRATIONAL = {
    "gelu": lambda z: jax.nn.gelu(z, approximate=False),
    "silu": jax.nn.silu,
    "softplus": jax.nn.softplus,
    "exp2": jnp.exp2,
}


@pytest.mark.parametrize(
    ("exact", "name"),
    sweep(product(IRRATIONAL, TYPES), [*product(IRRATIONAL, ["bfloat16"])]),
)
def test_irrational_numbers_in_the_rules_of_jax_are_not_rounded(name, exact):
    """The derivative of erf has 2/√π, which is 1.125 in bfloat16."""
    verdict, result = said(network(TYPES[name], IRRATIONAL[exact]), None, 0)
    assert verdict is Verdict.AGREE, str(result)
    assert result.results[0].points[0].judgement.relative_floor < 1e-8


ACTIVATIONS = {"tanh": (), "gelu": (gelu_slope, jax.nn.gelu)}
RIGHT = list(product(ACTIVATIONS, TYPES, (False, True), range(6)))
# Each activation, each type, and gradients in that type and in float64.
FEW_RIGHT = [
    ("tanh", "float32", False, 0),
    ("tanh", "bfloat16", True, 0),
    ("gelu", "float16", True, 0),
]


@pytest.mark.parametrize(("activation", "name", "of_its_own", "seed"), sweep(RIGHT, FEW_RIGHT))
def test_right_gradients_by_hand_agree(name, of_its_own, activation, seed):
    dtype = TYPES[name] if not of_its_own else jnp.float64
    slopes = ACTIVATIONS[activation]
    verdict, result = said(network(TYPES[name], *slopes[1:]), by_hand(dtype, *slopes), seed)
    assert verdict is Verdict.AGREE, str(result)


@every_type
def test_a_right_gradient_of_numpy_agrees(name):
    def gradient(p, X, y):
        h = np.tanh(X @ p["W"] + p["b"])
        r = (h @ p["V"] - y) * (2 / y.size)
        back = (r @ p["V"].T) * (1 - h**2)
        return {"W": X.T @ back, "b": back.sum(0), "V": h.T @ r}

    verdict, result = said(network(TYPES[name]), gradient, 0)
    assert verdict is Verdict.AGREE, str(result)


@pytest.mark.parametrize("name", sweep(TYPES, {"bfloat16"}))
def test_a_captured_number_is_rounded_like_one_in_the_code(name):
    """A gradient in float64 has 0.3 and 1.3, and not their roundings."""
    shift, turn = TYPES[name](0.3), jnp.complex64(1.3j)

    def value(x):
        turned = jnp.fft.fft(x.astype(jnp.float32)) * turn
        return jnp.sum((x.astype(TYPES[name]) - shift) ** 2) + jnp.sum(jnp.abs(turned) ** 2)

    x0 = np.array([0.3, 1.7, -0.4])
    for factor, verdict in ((1, Verdict.AGREE), (1.02, Verdict.ANALYTIC_WRONG)):
        result = check(value, lambda x, f=factor: f * 2 * (x - 0.3 + 3 * 1.69 * x), x0)
        assert result.verdict is verdict, str(result)


@pytest.mark.parametrize(
    ("name", "faults"),
    sweep(product(TYPES, [(), (7,)]), [("float32", ()), ("bfloat16", (7,))]),
)
def test_locate_in_a_narrow_type(name, faults):
    rng = np.random.default_rng(0)
    X, x0 = rng.standard_normal((40, 200)) / 10, rng.standard_normal(200)

    def value(x, X):
        h = jnp.tanh(X.astype(TYPES[name]) @ x.astype(TYPES[name]))
        return jnp.mean((h - TYPES[name](0.3)) ** 2)

    def gradient(x, X):
        h = np.tanh(X @ x)
        right = X.T @ ((2 / 40) * (h - 0.3) * (1 - h**2))
        right[list(faults)] *= -1
        return right

    found = locate(value, gradient, x0, X)
    assert tuple(found.coordinates) == faults, str(found)
    assert f"float64 stands in for {name}" in str(found)


FAULTS = {
    "1 % off": lambda g: jax.tree.map(lambda leaf: 1.01 * leaf, g),
    "1 % off in one array": lambda g: g | {"b": 1.01 * g["b"]},
    "a sign": lambda g: g | {"V": -g["V"]},
    "an entry": lambda g: g | {"W": g["W"].at[2, 3].set(0)},
}


WRONG = list(product(FAULTS, TYPES, (False, True), range(6)))
# Each fault and each type, and gradients in that type and in float64.
FEW_WRONG = [
    ("1 % off", "float32", True, 0),
    ("1 % off in one array", "bfloat16", True, 0),
    ("a sign", "float16", True, 0),
    ("an entry", "bfloat16", False, 0),
]


@pytest.mark.parametrize(("fault", "name", "of_its_own", "seed"), sweep(WRONG, FEW_WRONG))
def test_a_wrong_gradient_by_hand_is_found(name, of_its_own, fault, seed):
    dtype = TYPES[name] if not of_its_own else jnp.float64

    def wrong(*args):
        return FAULTS[fault](by_hand(dtype)(*args))

    verdict, result = said(network(TYPES[name]), wrong, seed, points=1)
    assert verdict is Verdict.ANALYTIC_WRONG, str(result)


def ruled(factor):
    @jax.custom_vjp
    def tanh(z):
        return jnp.tanh(z)

    def forwards(z):
        return jnp.tanh(z), jnp.tanh(z)

    tanh.defvjp(forwards, lambda kept, g: (factor * g * (1 - kept**2),))
    return tanh


def ruled_forwards(factor):
    @jax.custom_jvp
    def tanh(z):
        return jnp.tanh(z)

    tanh.defjvp(lambda z, t: (jnp.tanh(*z), factor * t[0] * (1 - jnp.tanh(*z) ** 2)))
    return tanh


RULES = {"backwards": ruled, "forwards": ruled_forwards}
FEW_RULES = [("backwards", "float32", 0), ("forwards", "bfloat16", 0)]


@pytest.mark.parametrize(
    ("direction", "name", "seed"), sweep(product(RULES, TYPES, range(6)), FEW_RULES)
)
def test_a_wrong_rule_of_autodiff_is_found(name, direction, seed):
    rule = RULES[direction]
    verdict, result = said(network(TYPES[name], rule(1)), None, seed, points=1)
    assert verdict is Verdict.AGREE, str(result)
    verdict, result = said(network(TYPES[name], rule(1.03)), None, seed, points=1)
    assert verdict is Verdict.AUTODIFF_WRONG, str(result)
    assert "custom rule" in [finding.kind for finding in result.results[0].diagnosis]


@pytest.mark.parametrize("name", sweep(TYPES, {"float16"}))
def test_a_forgotten_part_is_found(name):
    def stopped(z):
        return jnp.tanh(z) + 0.05 * jax.lax.stop_gradient(z)

    verdict, result = said(network(TYPES[name], stopped), None, 0, points=1)
    assert verdict is Verdict.AUTODIFF_WRONG, str(result)


STEPS = {"round": jnp.round, "floor": jnp.floor, "sign": jnp.sign}


@pytest.mark.parametrize(("step", "name"), sweep(product(STEPS, TYPES), in_turn(STEPS)))
def test_what_rounds_on_purpose_stays(name, step):
    def quantised(z):
        return STEPS[step](z * 4) / 4

    verdict, result = said(network(TYPES[name], quantised), None, 0)
    assert verdict is not Verdict.AUTODIFF_WRONG, str(result)
    (program,) = [jax.make_jaxpr(lambda z: quantised(z.astype(TYPES[name])))(np.ones(3))]
    wide = jax.jit(jaxpr_as_fun(Widening().of(program)))
    with jax.enable_x64(True):
        assert np.array_equal(wide(np.array([0.3, -0.6, 0.99]))[0] * 4 % 1, np.zeros(3))


def every_operation(x, dtype):
    """Loops, conditions, random numbers, scatters, matrices, windows, rules."""
    c = x.astype(dtype)
    h = jax.nn.gelu(c) + ruled(1)(c) + ruled_forwards(1)(jnp.sin(c))
    h += jax.random.uniform(jax.random.key(0), (5,), jnp.float32).astype(dtype)

    def body(total, row):
        grown = jax.lax.cond(row > 0, lambda t: 0.3 * t, lambda t: t + row, total)
        return grown + row * row, total

    last, rows = jax.lax.scan(body, jnp.zeros((), dtype), h)
    start = (0, jnp.asarray(0.2, dtype))
    fixed = jax.lax.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, jnp.tanh(s[1])), start)[1]
    A = 3 * jnp.eye(5, dtype=jnp.float32) + jnp.outer(h, h).astype(jnp.float32)
    solved = jnp.linalg.slogdet(A)[1] + jnp.sum(jnp.linalg.solve(A, h.astype(jnp.float32)))
    convolved = jax.lax.conv_general_dilated(h[None, None], h[None, None, :3], (1,), "SAME")
    lowest = np.asarray(-np.inf, dtype)[()]
    window = jax.lax.reduce_window(h, lowest, jax.lax.max, (2,), (1,), "SAME")
    parts = [last, jax.lax.stop_gradient(fixed), solved, jax.nn.logsumexp(jnp.sort(rows))]
    parts += [jnp.sum(h[jnp.array([0, 0, 2])]), jnp.arange(5, dtype=dtype) @ h, jnp.sum(convolved)]
    parts += [jax.checkpoint(lambda z: jnp.sum(jnp.log1p(z * z)))(h), jnp.sum(window)]
    parts += [jax.lax.reduce_precision(jnp.prod(h), 8, 7), jnp.sum(jnp.cumsum(h)), jnp.max(h)]
    parts += [jnp.real(jnp.sum(jnp.fft.fft(h.astype(jnp.float32)) * (1 + 1j)))]
    return sum(part.astype(jnp.float32) for part in parts)


TRANSFORMED = {
    "value": every_operation,
    "gradient": jax.grad(every_operation),
    "batch": lambda x, dtype: jax.vmap(lambda x: every_operation(x, dtype))(jnp.stack([x, x])),
}


@functools.cache
def widened(function, dtype):
    """The program of a function in a type, and the result of the wide one."""
    x = np.linspace(-1, 1, 5)
    program = jax.make_jaxpr(lambda x: TRANSFORMED[function](x, dtype))(x)
    (result,) = jax.jit(jaxpr_as_fun(Widening().of(program)))(x)
    return program, result


@pytest.mark.parametrize(
    ("function", "name"), sweep(product(TRANSFORMED, TYPES), in_turn(TRANSFORMED))
)
def test_every_operation_is_widened(name, function):
    with jax.enable_x64(True):
        program, result = widened(function, TYPES[name])
        _, other = widened(function, jnp.float64)
        assert result.dtype == np.float64
        # The numbers in the code keep their rounding, and nothing else does.
        rounding = 4 * float(jnp.finfo(TYPES[name]).eps) * bool(rounded_literals(program))
        assert np.allclose(result, other, rtol=rounding, atol=20 * rounding)


def bits(x):
    c = x.astype(jnp.float32)
    whole = jax.lax.bitcast_convert_type(c, jnp.int32)
    return jnp.sum(c**2) + jnp.sum(jax.lax.bitcast_convert_type(whole, jnp.float32))


def test_bits_have_no_meaning_in_another_type():
    program = jax.make_jaxpr(bits)(np.ones(3, np.float32))
    with pytest.raises(CannotWidenError, match=r"bitcast.* has no meaning in another type"):
        Widening().of(program)


@pytest.mark.parametrize("gradient", [None, lambda x: 2 * x, lambda x: 7 * x])
def test_nobody_is_accused_where_rounding_can_decide(gradient):
    result = check(bits, gradient, np.array([0.3, 1.7, -0.4]))
    assert result.verdict in (Verdict.INCONCLUSIVE, Verdict.AGREE), str(result)
    assert "computes in float32 (test_narrow_types.py:" in str(result)
    assert "float64 cannot stand in for it" in str(result)


def test_what_overflows_as_written_is_not_finite():
    result = check(lambda x: jnp.sum(x.astype(jnp.float16) ** 4), None, np.array([1.0, 30.0]))
    assert result.verdict is Verdict.NONFINITE, str(result)


def test_a_gradient_with_a_cast_of_its_own_is_inexact():
    result = check(
        lambda x: jnp.sum(x**3), lambda x: 3 * x.astype(jnp.float32) ** 2, np.array([0.3, 1.7])
    )
    assert result.verdict.name == "ANALYTIC_INEXACT", str(result)
    assert "analytic computes in float32" in str(result)
    assert "test_narrow_types.py" in str(result)
    assert "stands in" not in str(result)
    assert result.results[0].points[0].judgement.relative_floor > 1e-8


def test_the_program_that_is_timed_is_the_one_as_written():
    objective = Objective(
        "network",
        value=lambda p, data: network(jnp.float16)(p, *data),
        make=lambda rng, size: (case(0)[0], case(0)[1:]),
    )
    result = compare(objective, points=1)
    assert result.results[0].timings["reverse"].median_seconds > 0
    assert result.verdict is Verdict.AGREE


def test_the_type_is_that_of_the_narrowest_operation():
    def mixed(x):
        return jnp.sum(x.astype(jnp.float32) ** 2) + jnp.sum(x.astype(jnp.bfloat16))

    with jax.enable_x64(True):
        found = narrowest(jax.make_jaxpr(mixed)(np.ones(3)).jaxpr)
        assert narrowest(jax.make_jaxpr(lambda x: x @ x)(np.ones(3)).jaxpr) is None
    assert found is not None
    assert found.dtype == "bfloat16"
    assert found.place is not None
    assert "bfloat16" in found.place.text


@pytest.mark.parametrize("narrow", sweep([jnp.bfloat16, jnp.float32, jnp.float16]))
def test_captured_numbers_that_only_the_value_casts(narrow):
    rng = np.random.default_rng(0)
    a, x = rng.standard_normal((20, 5)) / 3, rng.standard_normal(5)

    def value(x):
        return jnp.sum(jnp.tanh(jnp.asarray(a, narrow) @ x.astype(narrow)) ** 2)

    def gradient(x):
        t = jnp.tanh(a @ x)
        return 2 * (t * (1 - t * t)) @ a

    assert check(value, gradient, x).verdict.name == "AGREE"
    error = 20 * jnp.finfo(narrow).eps
    wrong = check(value, lambda x: (1 + error) * gradient(x), x)
    assert wrong.verdict.name == "ANALYTIC_WRONG"
