"""Parameters on a manifold: the derivative by v of f(r(x, v)) at v = 0."""

import linecache
import pickle
import re
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep
from test_readme import without_numbers

from gradcompare import InputError, Verdict, check
from gradcompare.testing import GradientMismatch, assert_gradient

PAGE = (Path(__file__).parent.parent / "docs" / "manifolds.md").read_text(encoding="utf-8")
HEAD, *SECTIONS = re.split(r"^## ", PAGE, flags=re.MULTILINE)
EXAMPLE = r"```python\n(.*?)```\n\n```text\n(.*?)```"
SETUP = re.findall(r"```python\n(.*?)```", HEAD, re.DOTALL)[0]

rng = np.random.default_rng(1)


EXAMPLES = {section.partition("\n")[0]: section for section in SECTIONS}


@pytest.mark.parametrize(
    "title", sweep(EXAMPLES, {"Orthonormal columns", "The strain of a crystal"})
)
@pytest.mark.sweep
def test_an_example_of_the_page_prints_what_stands_below_it(title, capsys, monkeypatch):
    [(example, below)] = re.findall(EXAMPLE, EXAMPLES[title], re.DOTALL)
    written = SETUP + example
    lines = (len(written), None, written.splitlines(True), "model.py")
    monkeypatch.setitem(linecache.cache, "model.py", lines)  # as if it were a file
    exec(compile(written, "model.py", "exec"), {})
    assert without_numbers(capsys.readouterr().out) == without_numbers(below)


# Rotations, in NumPy, with Rodrigues' formula.
P, Q = rng.standard_normal((2, 6, 3))


def cross(w):
    return np.array([[0, -w[2], w[1]], [w[2], 0, -w[0]], [-w[1], w[0], 0]])


def rotated(R, w):
    angle, K = np.linalg.norm(w), cross(w)
    half = np.sinc(angle / 2 / np.pi)
    return R @ (np.eye(3) + np.sinc(angle / np.pi) * K + half**2 / 2 * K @ K)


def misfit(R, P, Q):
    return np.sum((P @ R.T - Q) ** 2) / 2


def torque(R, P, Q):
    return np.cross(P, (P @ R.T - Q) @ R).sum(axis=0)


def torque_in_space(R, P, Q):
    return np.cross(P @ R.T, P @ R.T - Q).sum(axis=0)


R0 = rotated(np.eye(3), np.array([0.3, -1.0, 0.5]))

# The Stiefel manifold, in NumPy, with the polar factor.
A, N = rng.standard_normal((5, 5)), np.array([2.0, 1.0])
A = A + A.T


def projected(x, v):
    s = x.T @ v
    return v - x @ (s + s.T) / 2


def polar(x, v):
    left, _, right = np.linalg.svd(x + v, full_matrices=False)
    return left @ right


def by_qr(x, v):
    q, r = np.linalg.qr(x + v)
    return q * np.sign(np.diagonal(r))


def brockett(x):
    return np.sum((A @ x) * x * N)


def euclidean(x):
    return 2 * A @ x * N


def riemannian(x):
    return projected(x, euclidean(x))


X0 = np.linalg.qr(rng.standard_normal((5, 2)))[0]

# Positive definite matrices, in JAX.
S = np.cov(rng.standard_normal((3, 12)))
C0 = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 1.5]])


def grown(c, v):
    v = (v + v.T) / 2
    return c + v + v @ jnp.linalg.solve(c, v) / 2


def likelihood(c, s):
    return jnp.linalg.slogdet(c)[1] + jnp.trace(jnp.linalg.solve(c, s))


def by_covariance(c, s):
    inverse = jnp.linalg.inv(c)
    return inverse - inverse @ s @ inverse


# The strain of a crystal, in JAX: a derivative that holds at strain 0 alone.
IMAGES = np.stack(np.meshgrid(*[[-1.0, 0.0, 1.0]] * 3), axis=-1).reshape(-1, 3)
CRYSTAL = {"positions": rng.uniform(0, 3, (4, 3)), "cell": 3 * np.eye(3)}


def distances(crystal):
    x = crystal["positions"]
    return x[:, None, None] - x[None, :, None] + IMAGES @ crystal["cell"]


def energy(crystal):
    return jnp.sum(jnp.exp(-jnp.sum(distances(crystal) ** 2, axis=-1) / 2)) / 2


def strained(crystal, strain):
    return {name: array @ (np.eye(3) + strain) for name, array in crystal.items()}


def stress(crystal):
    r = distances(crystal)
    weights = -jnp.exp(-jnp.sum(r**2, axis=-1) / 2)
    return jnp.einsum("ijn,ijna,ijnb->ab", weights, r, r) / 2


def without_images(crystal):
    return stress({**crystal, "cell": 1e3 * crystal["cell"]})


FAMILIES = {
    "rotations": (misfit, torque, R0, (P, Q), rotated, (3,)),
    "stiefel": (brockett, riemannian, X0, (), polar, (5, 2)),
    "positive definite": (likelihood, by_covariance, C0, (S,), grown, (3, 3)),
    "strain": (energy, stress, CRYSTAL, (), strained, (3, 3)),
}
FAULTS = {
    "rotations": {"frame": torque_in_space, "sign": lambda *a: -torque(*a)},
    "stiefel": {
        "not projected": euclidean,
        "weights": lambda x: projected(x, 2 * A @ x),
        "wrong projection": lambda x: euclidean(x) - x @ (x.T @ euclidean(x)),
    },
    "positive definite": {
        "metric": lambda c, s: c @ by_covariance(c, s) @ c,
        "term": lambda c, s: jnp.linalg.inv(c) - s,
    },
    "strain": {"counted twice": lambda c: 2 * stress(c), "no images": without_images},
}
PLANTED = [(family, fault) for family, faults in FAULTS.items() for fault in faults]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_right_gradient_agrees_at_every_point(family):
    value, gradient, x0, args, r, shape = FAMILIES[family]
    comparison = assert_gradient(value, gradient, x0, *args, retraction=r)
    (result,) = comparison
    assert result.verdict is Verdict.AGREE
    assert result.shapes == (shape,)
    assert [point.label for point in result.points[:3]] == ["x0", "near x0", "far from x0"]
    assert not result.unverified
    assert result.agrees_to < 1e-8
    values = [point.value for point in result.points]
    assert len(set(values)) == len(values)  # the points are different ones
    assert "checked along the retraction: the derivative by" in str(comparison)


# The metric has a test of its own below.
SLOW = {("positive definite", "metric"), ("positive definite", "term"), ("strain", "no images")}


@pytest.mark.parametrize(("family", "fault"), sweep(PLANTED, {*PLANTED} - SLOW))
def test_a_wrong_gradient_is_caught(family, fault):
    value, _, x0, args, r, _ = FAMILIES[family]
    with pytest.raises(GradientMismatch) as mismatch:
        assert_gradient(value, FAULTS[family][fault], x0, *args, retraction=r)
    assert mismatch.value.comparison.verdict is Verdict.ANALYTIC_WRONG


def test_points_are_on_the_manifold():
    seen = []

    def recorded(x):
        seen.append(x)
        return brockett(x)

    assert check(recorded, riemannian, X0, retraction=polar, points=5).ok
    np.testing.assert_allclose([x.T @ x for x in seen], [np.eye(2)] * len(seen), atol=1e-12)
    distance = max(float(np.linalg.norm(x - X0)) for x in seen)
    assert distance > 0.5


def test_without_a_retraction_the_same_gradient_is_wrong():
    assert check(brockett, riemannian, X0).verdict is Verdict.ANALYTIC_WRONG


@pytest.mark.sweep
def test_a_derivative_that_is_meant_at_strain_0_alone_is_told_of_retractions():
    def value(strain):
        return energy(strained(CRYSTAL, strain))

    text = str(check(value, lambda strain: stress(CRYSTAL), np.zeros((3, 3))))
    assert "agrees at x0 itself" in text
    assert "retraction=" in text


def test_the_names_of_r_and_of_v_are_in_the_report():
    text = str(check(energy, lambda c: 2 * stress(c), CRYSTAL, retraction=strained))
    assert "the derivative by strain of f(strained(x, strain)) at strain = 0" in text
    assert "strain[0, 0]" in text
    assert "x[0, 0]" not in text


FOUND = {
    "x itself": (brockett, euclidean, X0, (), polar, "project it onto the tangent space"),
    "metric": (
        likelihood,
        FAULTS["positive definite"]["metric"],
        C0,
        (S,),
        grown,
        "affine-invariant metric; multiply it by the inverse of x",
    ),
    "algebra": (
        misfit,
        lambda R, P, Q: (lambda g: (g - g.T) / 2)(R.T @ (P @ R.T - Q).T @ P),
        R0,
        (P, Q),
        lambda R, v: by_qr(R, R @ v),
        "along your gradient itself the slope is right",
    ),
}


@pytest.mark.parametrize("case", FOUND)
def test_what_is_missing_on_the_way_to_the_tangent_space_is_named(case):
    value, gradient, x0, args, r, words = FOUND[case]
    (result,) = check(value, gradient, x0, *args, retraction=r)
    assert [finding.kind for finding in result.diagnosis] == ["tangent"]
    assert words in str(result.diagnosis[0])


def test_an_algebra_of_skew_matrices_is_right_once_r_projects():
    value, gradient, x0, args, r, _ = FOUND["algebra"]
    assert check(value, gradient, x0, *args, retraction=lambda R, v: r(R, (v - v.T) / 2)).ok


def test_entries_that_are_left_out_are_no_matter_of_projection():
    (result,) = check(misfit, lambda *a: torque(*a) * [1, 0, 1], R0, P, Q, retraction=rotated)
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert all(finding.kind != "tangent" for finding in result.diagnosis)


BAD = {
    "no function": ({"retraction": 3}, "retraction is 3; give a function"),
    "not at rest": (
        {"retraction": lambda x, v: 1.01 * polar(x, v)},
        r"r\(x, 0\) is not x: it differs by 0.00\d+ at x\[",
    ),
    "shape": ({"retraction": lambda x, v: x[:2]}, r"shape \(2, 2\) at x"),
    "structure": ({"retraction": lambda x, v: [x]}, "another structure than x"),
    "one argument": ({"retraction": lambda x: x}, "takes 1 positional argument"),
    "tangent alone": ({"retraction": by_qr}, "takes tangent vectors alone"),
    "bounds": ({"retraction": polar, "bounds": (-2.0, 2.0)}, "leave them out"),
    "domain": ({"retraction": polar, "domain": "positive"}, "leave them out"),
    "log": ({"retraction": polar, "wrt": "log"}, "wrt='log' is given with a retraction"),
    "direction": ({"retraction": polar, "direction": np.ones(3)}, r"direction has shape \(3,\)"),
}


@pytest.mark.parametrize("case", BAD)
def test_input_that_cannot_be_used_is_refused(case):
    options, words = BAD[case]
    with pytest.raises(InputError, match=words):
        check(brockett, riemannian, X0, **options)


def test_a_point_beside_the_manifold_is_refused():
    with pytest.raises(InputError, match=r"give a point of the manifold"):
        check(brockett, riemannian, 1.1 * X0, retraction=polar)


@pytest.mark.sweep
def test_a_point_in_float32_is_moved_onto_the_manifold():
    assert check(brockett, riemannian, X0.astype(np.float32), retraction=polar).ok


def test_a_gradient_that_is_none_is_refused():
    with pytest.raises(InputError, match="is a return forgotten"):
        check(brockett, lambda x: None, X0, retraction=polar)


def test_an_error_of_the_gradient_keeps_its_type():
    with pytest.raises(ZeroDivisionError):
        check(brockett, lambda x: 1 / 0, X0, retraction=polar)
    comparison = check(brockett, lambda x: 1 / 0, X0, retraction=polar, on_error="row")
    assert comparison.verdict is Verdict.ERROR


@pytest.mark.sweep
def test_a_pair_a_direction_and_a_missing_gradient():
    assert check(lambda x: (brockett(x), riemannian(x)), True, X0, retraction=polar).ok
    u = rng.standard_normal((3, 3))
    (result,) = check(energy, stress, CRYSTAL, retraction=strained, direction=u)
    assert result.ok
    assert result.entries == 1
    (result,) = check(likelihood, None, C0, S, retraction=grown)
    assert result.ok
    assert result.d == 9


def test_several_arguments_hold_the_point():
    def value(s, X, y):
        return jnp.sum((X @ y["w"] - s) ** 2)

    def gradient(s, X, y):
        r = X @ y["w"] - s
        tangent = y["w"] * (y["w"] @ (2 * X.T @ r))
        return -2 * r, {"name": "w", "w": 2 * X.T @ r - tangent}

    def on_sphere(x, v):
        s, y = x
        assert y["name"] == "w"  # what is no array stays as it is
        w = y["w"] + v[1]["w"]
        return s + v[0], {"name": "w", "w": w / jnp.linalg.norm(w)}

    X, w = rng.standard_normal((4, 3)), np.array([0.6, 0.0, 0.8])
    args = (np.ones(4), X, {"name": "w", "w": w})
    assert check(value, gradient, *args, argnums=(0, 2), retraction=on_sphere).ok


def test_scales_follow_the_size_of_x():
    """An unscaled step of v would be 1 beside a crystal of 1e-10 m; the strain stays one of 1."""
    small = {name: 1e-10 * array for name, array in CRYSTAL.items()}

    def enlarged(function):
        return lambda crystal: function({n: 1e10 * array for n, array in crystal.items()})

    assert check(enlarged(energy), enlarged(stress), small, retraction=strained).ok

    def moved(crystal, v):
        return {name: crystal[name] + v[name] for name in crystal}

    (result,) = check(enlarged(energy), None, small, retraction=moved)
    assert result.ok
    assert result.agrees_to < 1e-7


def test_a_reference_and_a_tighter_tolerance_see_the_same_point():
    assert check(brockett, riemannian, X0, retraction=polar, reference=brockett).ok
    other = check(brockett, riemannian, X0, retraction=polar, reference=lambda x: 2 * brockett(x))
    assert other.verdict is Verdict.VALUE_DIFFERS

    def inexact(x, tol):
        return riemannian(x) * (1 + tol)

    def value(x, tol):
        return brockett(x)

    (result,) = check(value, inexact, X0, 1e-5, retraction=polar, tighter="tol")
    assert result.verdict is Verdict.ANALYTIC_INEXACT
    assert "the gap shrank" in str(result)


def test_functions_of_a_manifold_pickle():
    from gradcompare._model.arguments.signature import Signature
    from gradcompare._model.arguments.user_functions import Adapted
    from gradcompare._model.manifold.functions import Retracted
    from gradcompare._model.manifold.retraction import Retraction

    signature = Signature.of((X0,), 0)
    retraction = Retraction(polar, signature)
    value = Retracted.of(Adapted(brockett, signature, "value"), retraction)
    again = pickle.loads(pickle.dumps(value))
    assert again(np.zeros((5, 2)), ((), X0)) == pytest.approx(brockett(X0))
