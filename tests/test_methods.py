"""Every method: its name, its order of convergence, and that the truth lies within its bar."""

import dataclasses
import math
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import AbstractMethod, Estimate, Objective, estimate
from gradcompare._results.judgement.reach import RESOLVED
from gradcompare.methods._extrapolation.noise.stairs import POINTS
from gradcompare.methods._registry import registered_methods
from gradcompare.methods.finite_difference import Central, Forward

METHODS = registered_methods()
NUMERIC = [label for label, method in METHODS.items() if method.source == "differences"]
EXACT = [label for label, method in METHODS.items() if method.source == "autodiff"]
EPS = np.finfo(np.float64).eps


@dataclasses.dataclass(frozen=True)
class Known:
    """A function whose derivative is known in NumPy, at a point."""

    value: object
    derivative: object
    x: object

    @property
    def truth(self):
        return np.asarray(self.derivative(np.asarray(self.x)), np.float64)


NOISE = 2 * POINTS
"""Values for the noise of f, at two spacings."""

SCALES = np.array([1e-6, -1e-3, 1.0, -1e3, 1e6])
POINT = np.array([0.3, -1.2, 2.5])


def at_scales(x):
    """x/s, of order one whatever the scale s of the coordinate."""
    return x / np.abs(SCALES)


KNOWN = {
    "exp": Known(lambda x: jnp.sum(jnp.exp(x)), np.exp, POINT),
    "sin": Known(lambda x: jnp.sum(jnp.sin(x)), np.cos, POINT),
    "log": Known(lambda x: jnp.sum(jnp.log(x)), lambda x: 1 / x, np.array([0.01, 1.0, 300.0])),
    "linear": Known(lambda x: 3 * x[0] - 7 * x[1], lambda x: np.array([3.0, -7.0]), POINT[:2]),
    "quadratic": Known(lambda x: jnp.sum(x**2), lambda x: 2 * x, POINT),
    "quintic": Known(lambda x: jnp.sum(x**5 - 3 * x**2), lambda x: 5 * x**4 - 6 * x, POINT),
    "rational": Known(
        lambda x: jnp.sum(1 / (1 + x**2)), lambda x: -2 * x / (1 + x**2) ** 2, POINT
    ),
    "scales-1e-6-to-1e6": Known(
        lambda x: jnp.sum(jnp.sin(at_scales(x))), lambda x: np.cos(at_scales(x)) / abs(x), SCALES
    ),
    "zeros": Known(lambda x: jnp.sum(jnp.exp(2 * x)), lambda x: 2 * np.exp(2 * x), np.zeros(3)),
    "some-zeros": Known(lambda x: jnp.sum(jnp.sin(x)), np.cos, np.array([0.0, 1.0, 0.0, 2.0])),
    "large-x": Known(lambda x: jnp.sum(jnp.log(x)), lambda x: 1 / x, np.array([1e10, 3e10])),
    "offset-1e8": Known(lambda x: 1e8 + jnp.sum(jnp.exp(x)), np.exp, POINT),
    "scalar": Known(lambda x: jnp.exp(x), np.exp, 0.7),
    "matrix": Known(lambda x: jnp.sum(jnp.sin(x)), np.cos, POINT[:, None] * np.array([1.0, 2.0])),
}


def covered(given: Estimate, truth: np.ndarray) -> np.ndarray:
    """Where the bar is honest: it reaches the truth, or says that the method cannot tell."""
    off = np.abs(given.value - truth) - 2 * EPS * np.abs(truth)
    return (off <= given.error) | ~np.isfinite(given.error)


def test_a_bar_that_is_too_small_is_noticed():
    truth = np.array([1.0, 2.0])
    assert not covered(Estimate(truth * (1 + 1e-9), np.full(2, 1e-12)), truth).any()
    assert not covered(Estimate(np.array([np.nan]), np.zeros(1)), truth[:1]).any()


# Each case with two of the methods, and each method with five of the cases.
IN_TURN = [
    (method, case)
    for one, method in enumerate(NUMERIC + EXACT)
    for other, case in enumerate(KNOWN)
    if (one + other) % 3 == 0
]


@pytest.mark.parametrize(("method", "case"), sweep(product(NUMERIC + EXACT, KNOWN), IN_TURN))
def test_truth_is_within_the_bar(method, case):
    if case == "scales-1e-6-to-1e6" and method in ("central", "forward"):
        pytest.skip("one step for |x| < 1 cannot know the scale; the method's docstring says so")
    known = KNOWN[case]
    given = estimate(known.value, known.x, method=method)
    assert np.all(given.error >= 0)
    assert covered(given, known.truth).all(), f"{given.value - known.truth} ± {given.error}"


@pytest.mark.parametrize("case", KNOWN)
def test_the_judge_has_a_say(case):
    """A bar that holds because it is infinite would be worth nothing."""
    known = KNOWN[case]
    given = estimate(known.value, known.x)
    assert np.all(given.error <= RESOLVED * np.abs(known.truth))


@pytest.mark.parametrize("direction", [[1.0, 0.0, 0.0], [0.3, -2.0, 1.0]], ids=["axis", "slant"])
@pytest.mark.parametrize("method", NUMERIC + EXACT)
def test_directional_derivative_is_within_the_bar(method, direction):
    u = np.array(direction)
    given = estimate(lambda x: jnp.sum(jnp.sin(x)), POINT, direction=u, method=method)
    assert np.shape(given.value) == np.shape(given.error) == ()
    assert covered(given, np.cos(POINT) @ u)


@pytest.mark.parametrize("case", sweep(KNOWN, every=3))
def test_forward_mode_equals_reverse_mode(case):
    known = KNOWN[case]
    one, other = (estimate(known.value, known.x, method=m) for m in ("reverse", "forward-mode"))
    assert np.all(np.abs(one.value - other.value) <= one.error + other.error)


QUANTITIES = ["gradient", "directional"]


@pytest.mark.parametrize(
    ("kind", "order", "quantity"),
    sweep(
        [(*kind, quantity) for kind in ((Forward, 1), (Central, 2)) for quantity in QUANTITIES],
        [(Forward, 1, "directional"), (Central, 2, "gradient")],
    ),
)
def test_order_of_convergence(kind, order, quantity):
    """log(error) over log(step) is a line whose slope is the order of the method."""
    u = np.array([1.0, -0.5])
    x = np.array([0.4, 0.9])
    truth = np.cos(x[0]) * np.exp(x[1]) * np.array([1.0, np.tan(x[0])])
    steps, errors = 2.0 ** -np.arange(5, 10), []
    for h in steps:
        given = estimate(
            lambda x: jnp.sin(x[0]) * jnp.exp(x[1]),
            x,
            method=kind(step=float(h)),
            direction=u if quantity == "directional" else None,
        )
        errors.append(
            np.max(np.abs(given.value - (truth @ u if given.value.ndim == 0 else truth)))
        )
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert round(slope) == order
    assert abs(slope - order) < 0.1


@pytest.mark.parametrize("d", sweep([1, 2, 5], {2}))
@pytest.mark.parametrize("method", NUMERIC)
def test_evaluations_are_those_made(method, d):
    """Counted from inside the objective: every point, and no more than the calls made."""
    points = []

    def host(x):
        points.append(tuple(np.asarray(x).tolist()))
        return np.sum(np.sin(np.asarray(x)))

    def value(x):
        shape = jax.ShapeDtypeStruct((), x.dtype)
        return jax.pure_callback(host, shape, x, vmap_method="sequential")

    given = estimate(value, np.linspace(0.5, 1.5, d), method=method)
    assert len(set(points)) <= given.evaluations <= len(points)


@pytest.mark.parametrize("d", sweep([1, 2, 5], {5}))
@pytest.mark.parametrize(("method", "each", "once"), [("forward", 2, 3), ("central", 4, 1)])
def test_evaluations_of_plain_differences(method, each, once, d):
    """Twice, with h and 2h, for the bar; f(x) once more, and the noise of f, for the rounding."""
    given = estimate(lambda x: jnp.sum(jnp.sin(x)), np.ones(d), method=method)
    assert given.evaluations == each * d + once + NOISE


@pytest.mark.parametrize("label", METHODS)
def test_fields_show_in_the_name(label):
    method = METHODS[label]
    assert method.label == method.name == label
    assert method.symbol
    assert method.source in ("analytic", "autodiff", "differences")
    for field in dataclasses.fields(method):
        changed = dataclasses.replace(method, **{field.name: 0.125})
        assert changed.name == f"{label}({field.name}=0.125)"


def test_labels_and_symbols_are_unique_and_each_source_has_one_voter():
    assert len({method.symbol for method in METHODS.values()}) == len(METHODS)
    voters = [method.source for method in METHODS.values() if method.votes]
    assert sorted(voters) == ["analytic", "autodiff", "differences"]


@pytest.mark.parametrize("label", METHODS)
@pytest.mark.parametrize("quantity", ["gradient", "directional"])
def test_unsupported_is_a_sentence_or_nothing(label, quantity):
    def value(x, data):
        return jnp.sum(x)

    bare = Objective("bare", value, lambda rng, size: (np.ones(size), None))
    reason = METHODS[label].unsupported(bare, quantity)
    if METHODS[label].source == "analytic":
        assert reason.startswith("bare has no hand-written ")
    else:
        assert reason is None
    full = dataclasses.replace(bare, gradient=lambda x, data: jnp.ones_like(x))
    assert METHODS[label].unsupported(full, quantity) is None


def test_hand_written_directional_is_enough_for_the_directional_derivative():
    objective = Objective(
        "along",
        lambda x, data: jnp.sum(x),
        lambda rng, size: (np.ones(size), None),
        directional=lambda x, u, data: jnp.sum(u),
    )
    assert METHODS["analytic"].unsupported(objective, "directional") is None
    assert METHODS["analytic"].unsupported(objective, "gradient") is not None


def test_a_method_without_an_estimate_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        AbstractMethod()


@pytest.mark.parametrize("step", [1e-2, 1e-4])
def test_a_fixed_step_is_the_step_taken(step):
    """sin(h)/h is what the central difference of sin gives at zero, with any step h."""
    given = estimate(lambda x: jnp.sin(x[0]), np.zeros(1), method=Central(step=step))
    assert math.isclose(given.value[0], math.sin(step) / step, rel_tol=2 * EPS)
