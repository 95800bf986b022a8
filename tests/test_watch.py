"""`watch`: what is recorded of a run, which points are checked, and what is said about them."""

import math
from importlib.util import find_spec

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import InputError, Verdict, watch
from gradcompare._watch.story import choose, story
from gradcompare._watch.trajectory import Track

X0 = np.array([0.5, -1.0, 2.0])
RNG = np.random.default_rng(0)
DATA = (RNG.standard_normal((20, 3)), RNG.choice([-1.0, 1.0], 20), 0.1)


def risk(w, X, y, lam):
    return jnp.mean(jnp.logaddexp(0, -y * (X @ w))) + lam / 2 * jnp.sum(w**2)


def right(w, X, y, lam):
    p = 1 / (1 + jnp.exp(y * (X @ w)))
    return -(p * y) @ X / len(y) + lam * w


def flipped(w, X, y, lam):
    """The sign of one coordinate is wrong."""
    return right(w, X, y, lam) * np.array([1.0, -1.0, 1.0])


def descend(value, gradient, x, *args, steps=60, halvings=25):
    """Gradient descent with backtracking, in one array that is used again and again."""
    x, trial = np.array(x), np.empty(len(x))
    for _ in range(steps):
        f, g = float(value(x, *args)), np.asarray(gradient(x, *args), np.float64)
        t = 1.0
        for _ in range(halvings):
            trial[:] = x - t * g
            if value(trial, *args) <= f - 1e-4 * t * g @ g:
                break
            t /= 2
        else:
            return x
        x[:] = trial
    return x


def text(result) -> str:
    """What is printed, in one line, so that sentences can be looked for."""
    return " ".join(str(result).split())


def test_a_wrong_gradient_is_found_where_progress_stopped():
    watched = watch(risk, flipped)
    descend(watched.value, watched.gradient, X0, *DATA)
    result = watched.check()
    assert result.verdict is Verdict.ANALYTIC_WRONG
    stopped, count = watched.track.stopped.number, watched.track.count
    assert stopped < count
    first = result.results[0].points[0]
    assert first.label == f"the point where progress stopped (evaluation {stopped} of {count})"
    assert first.judgement.faulty == (1,)
    said = text(result)
    assert f"by evaluation {stopped} of {count}, and no further in the {count - stopped}" in said
    assert "of them are close to that point: a line search that failed" in said
    assert "times as long as the first one" in said
    assert "along its negative, the analytic gradient predicts a slope of -" in said
    assert "f rises, so no line search can succeed" in said


def test_a_right_gradient_agrees_and_the_optimiser_converged():
    watched = watch(risk, right)
    with jax.enable_x64(True):  # in float32, f stops falling before the gradient vanishes
        descend(watched.value, watched.gradient, X0, *DATA)
    result = watched.check()
    assert result.verdict is Verdict.AGREE
    said = text(result)
    assert "the point of the last progress (evaluation" in said
    assert "f went from 1.41322 to 0.63" in said
    assert "the gradient is correct there and has vanished: the optimiser converged" in said
    assert "gave up" not in said


def test_a_wrong_gradient_that_vanishes_is_said_to():
    """The optimiser converges to the root of the gradient given, and nothing looks amiss."""

    def value(x):
        return jnp.sum((x - 1) ** 2) + 0.1 * jnp.sum(x)

    watched = watch(value, lambda x: 2 * (x - 1))
    x = np.array([3.0, -2.0])
    for _ in range(40):
        watched.value(x)
        x = x - 0.3 * np.asarray(watched.gradient(x), np.float64)
    result = watched.check()
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert "at evaluation 40 (the last) the analytic gradient has vanished (its" in text(result)
    assert "but the correct one has length 0.141: this is no stationary point" in text(result)


def test_a_right_gradient_and_a_search_that_failed_for_another_reason():
    """A step far too long for a valley: f rises from the first point on."""

    def value(x):
        return jnp.sum(jnp.array([1.0, 1e4]) * x**2)

    watched = watch(value, lambda x: jnp.array([2.0, 2e4]) * x)
    x = np.array([1.0, 1.0])
    for _ in range(6):
        watched.value(x)
        x = x - 0.01 * np.asarray(watched.gradient(x), np.float64)
    result = watched.check()
    assert result.verdict is Verdict.AGREE
    assert "f never fell below its first value, 10001, in 6 evaluations" in text(result)
    assert "the gradient is correct where progress stopped, so look for another reason" in text(
        result
    )


@pytest.mark.skipif(find_spec("scipy") is None, reason="SciPy is not installed")
@pytest.mark.parametrize("method", ["L-BFGS-B", "BFGS", "CG", "trust-constr"])
def test_with_scipy(method):
    from scipy.optimize import minimize

    watched = watch(numpy_risk, numpy_flipped)
    options = {"maxiter": 30} if method == "trust-constr" else {}
    found = minimize(
        watched.value, X0, jac=watched.gradient, args=DATA, method=method, options=options
    )
    assert watched.track.count == found.nfev
    result = watched.check(points=2)
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert result.results[0].points[0].judgement.faulty == (1,)
    if method == "L-BFGS-B":
        assert "ABNORMAL" in found.message
        assert "the point where progress stopped" in text(result)


def numpy_risk(w, X, y, lam):
    return np.mean(np.logaddexp(0, -y * (X @ w))) + lam / 2 * np.sum(w**2)


def numpy_flipped(w, X, y, lam):
    p = 1 / (1 + np.exp(y * (X @ w)))
    gradient = -(p * y) @ X / len(y) + lam * w
    gradient[1] *= -1
    return gradient


@pytest.mark.skipif(find_spec("scipy") is None, reason="SciPy is not installed")
def test_pairs_of_value_and_gradient_with_scipy():
    from scipy.optimize import minimize

    def both(*args):
        return numpy_risk(*args), numpy_flipped(*args)

    watched = watch(both, True)
    assert watched.gradient is True
    found = minimize(watched.value, X0, jac=watched.gradient, args=DATA, method="L-BFGS-B")
    assert watched.track.count == found.nfev
    assert watched.track.first.slope == pytest.approx(np.linalg.norm(both(X0, *DATA)[1]))
    assert watched.check(points=1).verdict is Verdict.ANALYTIC_WRONG


def test_the_wrapped_functions_return_what_those_given_return():
    watched = watch(lambda x: (x, "value"), lambda x, a: (x, a))
    assert watched.value(X0) == (X0, "value")
    assert watched.gradient(X0, 3) == (X0, 3)
    assert watch(risk, None).gradient is None


def test_points_are_copied_at_once():
    watched = watch(lambda x: float(np.sum(x)), np.ones_like)
    buffer = np.array([3.0, 1.0])
    watched.value(buffer)
    buffer[:] = 7.0
    np.testing.assert_array_equal(watched.track.first.x, [3.0, 1.0])
    assert watched.track.first.x is not buffer


def test_memory_is_bounded_and_the_history_is_spread_over_the_run():
    watched = watch(lambda x: math.cos(x[0]), None, capacity=8)
    for number in range(1000):
        watched.value(np.array([number / 10]))
        assert len(watched.track.history) <= 8
    numbers = [visit.number for visit in watched.track.history]
    gaps = set(np.diff(numbers))
    assert gaps == {watched.track.stride}
    assert numbers[0] == 1
    assert numbers[-1] > 1000 - watched.track.stride
    assert len(watched.track.kept()) <= 8 + 4
    assert watched.track.last.number == 1000


def test_what_stands_out_is_kept():
    values = [5.0, 3.0, 2.0, 2.0, 2.5, 1.9999999999, 2.1, 2.2]
    track = filled(values)
    assert (track.first.number, track.last.number) == (1, 8)
    assert track.best.number == 6
    assert track.stopped.number == 3  # the fall after it is not worth speaking of
    assert track.after == 5
    assert [visit.number for visit in track.kept()] == list(range(1, 9))


def filled(values, capacity=16, slopes=()) -> Track:
    track = Track(capacity)
    for number, value in enumerate(values):
        x = np.array([float(number)])
        track.add_value(x, x, (), value)
        if number < len(slopes):
            track.add_gradient(x, x, (), slopes[number])
    return track


@pytest.mark.parametrize(
    ("values", "points", "labels"),
    [
        (
            [5, 3, 2, 4, 4, 4, 4],
            4,
            [
                "the point where progress stopped (evaluation 3 of 7)",
                "evaluation 1 (the first)",
                "evaluation 7 (the last)",
                "evaluation 5",
            ],
        ),
        ([5, 3, 2, 4, 4, 4, 4], 1, ["the point where progress stopped (evaluation 3 of 7)"]),
        (
            [5, 4, 3, 2],
            3,
            [
                "the point of the last progress (evaluation 4 of 4)",
                "evaluation 1 (the first)",
                "evaluation 3",
            ],
        ),
        ([5], 4, ["the point of the last progress (evaluation 1 of 1)"]),
        (
            [5, 4, math.nan, math.inf],
            4,
            [
                "the point of the last progress (evaluation 2 of 4)",
                "evaluation 1 (the first)",
            ],
        ),
    ],
    ids=["stopped", "one", "to-the-end", "single", "not-finite"],
)
def test_which_points_are_chosen_and_in_which_order(values, points, labels):
    assert [label for label, _ in choose(filled(values), points)] == labels


def test_what_is_not_finite_is_left_out_and_said():
    def value(x):
        return jnp.sum(jnp.log(x))

    watched = watch(value, lambda x: 1 / x + 1)
    for x in ([3.0], [2.0], [1.0], [-1.0], [np.nan]):
        watched.value(np.array(x))
    result = watched.check()
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert "f or x was not finite at 2 of 5 evaluations, first at evaluation 4" in text(result)


def test_where_nothing_is_finite():
    watched = watch(lambda x: jnp.sum(jnp.log(x)), lambda x: 1 / x)
    watched.value(np.array([-1.0]))
    assert watched.check().verdict is Verdict.NONFINITE
    watched = watch(lambda x: jnp.sum(x), jnp.ones_like)
    watched.value(np.array([np.nan]))
    with pytest.raises(InputError, match=r"the point is nan at x\[0\]; give finite numbers"):
        watched.check()


def test_a_loop_that_asks_for_the_gradient_alone():
    watched = watch(lambda x: jnp.sum(x**2), lambda x: 3 * x)
    x = np.array([1.0, 2.0])
    for _ in range(5):
        x = x - 0.1 * np.asarray(watched.gradient(x), np.float64)
    assert watched.track.count == 5
    assert watched.track.stopped is None
    result = watched.check()
    assert [point.label for point in result.results[0].points] == [
        "evaluation 1 (the first)",
        "evaluation 5 (the last)",
        "evaluation 2",
        "evaluation 4",
    ]
    assert result.verdict is Verdict.ANALYTIC_WRONG


def test_the_gradient_is_matched_with_the_point():
    track = filled([5.0, 4.0, 3.0])
    before = np.array([2.0])
    track.add_gradient(before, before, (), 0.5)
    assert track.best.slope == 0.5
    elsewhere = np.array([17.0])
    track.add_gradient(elsewhere, elsewhere, (), 0.1)
    assert track.count == 3


def test_the_gradient_before_the_value():
    track = Track(4)
    x = np.array([1.0])
    track.add_gradient(x, x, (), 2.0)
    track.add_value(x, x, (), 5.0)
    assert track.count == 1
    assert (track.first.value, track.first.slope) == (5.0, 2.0)


def test_any_parameters_and_arguments_that_change():
    """A batch of another length has programs, and a result, of its own."""

    def value(p, batch, name):
        return jnp.sum((p["w"] * batch) ** 2) + p["b"] if name == "square" else 0.0

    def gradient(p, batch, name):
        return {"w": 2 * p["w"] * jnp.sum(batch**2), "b": jnp.array(1.5)}

    watched = watch(value, gradient)
    for size in (3, 3, 2):
        watched.value({"w": np.array(size / 2), "b": 1.0}, np.ones(size), "square")
    result = watched.check(points=5)
    assert [len(each.points) for each in result] == [1, 2]
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert [each.name(i) for each in result for i in each.points[0].judgement.faulty] == ["b", "b"]


def test_options_of_check_are_passed_on():
    watched = watch(lambda x: jnp.sum(jnp.sqrt(x)), lambda x: 0.5 / jnp.sqrt(x))
    watched.value(np.array([1e-12, 1.0]))
    result = watched.check(domain="nonnegative", methods=["analytic", "richardson"])
    assert result.verdict is Verdict.AGREE
    assert list(result.settings["methods"]) == ["analytic", "richardson"]


def test_calls_inside_of_compiled_code_are_not_recorded_and_said():
    watched = watch(lambda x: jnp.sum(x**2), lambda x: 2 * x)
    assert float(jax.jit(watched.value)(X0)) == pytest.approx(5.25)
    assert float(jnp.sum(jax.jit(watched.gradient)(X0))) == pytest.approx(3)
    assert watched.track.count == 0
    with pytest.raises(InputError, match="called only inside of compiled or differentiated code"):
        watched.check()


def test_points_of_jax_and_numbers_on_their_own():
    watched = watch(lambda x: x**2, lambda x: 2 * x)
    watched.value(jnp.array(3.0))
    watched.value(2.0)
    assert watched.check().verdict is Verdict.AGREE


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3, None), r"value is 3; give a function value\(x, \*args\)"),
        ((risk, 3), r"gradient is 3; give a function gradient\(x, \*args\)"),
        ((risk, False), r"gradient is False; give a function"),
    ],
)
def test_functions_that_are_none(arguments, message):
    with pytest.raises(InputError, match=message):
        watch(*arguments)


@pytest.mark.parametrize("capacity", [0, 1, 2.5])
def test_capacity_that_is_none(capacity):
    with pytest.raises(InputError, match=f"capacity is {capacity}; give an integer of at least 2"):
        watch(risk, right, capacity=capacity)


def test_a_run_that_did_not_take_place():
    with pytest.raises(InputError, match=r"the functions were never called, so there are no"):
        watch(risk, right).check()
    with pytest.raises(InputError, match="points is 0; give an integer of at least 1"):
        watch(risk, right).check(points=0)


def test_the_story_of_an_empty_run_is_empty():
    assert story(Track(4)) == []
