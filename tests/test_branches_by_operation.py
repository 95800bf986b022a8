"""What a branch is does not depend on names: other aliases, masks, orders; guards; whose code."""

import importlib
import linecache
import math
import re
import sys
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from sweeps import sweep

from gradcompare import Verdict, check
from gradcompare._foundation.errors import Untraceable, outcome_of
from gradcompare._foundation.user_code import describe, is_users
from gradcompare._introspection.fingerprint import fingerprint
from gradcompare._introspection.jaxprs import differentiates
from gradcompare.cli.inputs.formula import Formula
from gradcompare.diagnosis.evidence.constants import Constant

X = np.array([0.5, -1.0, 2.0])
LINES = Path(__file__).read_text().splitlines()

pick, largest, kept, biggest, in_order = jnp.where, jnp.maximum, jnp.clip, max, sorted


def twice(w):
    """Right for Σ w², which all functions below are where no entry is above 20."""
    return 2 * w


def one_of(w):
    return jnp.sum(jnp.where(w > 20, 3 * w, w**2))


def step(total, t):
    return total + pick(t > 20, 3 * t, t**2), None


def inner(w):
    return jnp.sum(jnp.where(w > 20, 3 * w**2 / 2, w**3 / 3))


TRACED = {
    "alias": lambda w: jnp.sum(pick(w > 20, 3 * w, w**2)),
    "compiled where": lambda w: jnp.sum(jax.jit(jnp.where)(w > 20, 3 * w, w**2)),
    "where of each": lambda w: jnp.sum(jax.vmap(jnp.where)(w > 20, 3 * w, w**2)),
    "masks": lambda w: jnp.sum((w > 20) * 3 * w + (w <= 20) * w**2),
    "astype": lambda w: jnp.sum(w**2 + (w > 20).astype(w.dtype) * w),
    "one minus a mask": lambda w: jnp.sum((1 - (w > 20)) * w**2),
    "product with a mask": lambda w: (w > 20) @ w + jnp.sum(w**2),
    "einsum with a mask": lambda w: jnp.einsum("i,i", w > 20, w) + jnp.sum(w**2),
    "sum of some": lambda w: jnp.sum(w**2, where=w < 20),
    "index": lambda w: jnp.sum(jnp.stack([w**2, 3 * w])[(w > 20).astype(int), jnp.arange(3)]),
    "select of lax": lambda w: jnp.sum(lax.select(w > 20, 3 * w, w**2)),
    "select_n": lambda w: jnp.sum(lax.select_n(w > 20, w**2, 3 * w)),
    "partial cond": lambda w: partial(lax.cond, jnp.any(w > 20))(
        lambda w: jnp.sum(3 * w), lambda w: jnp.sum(w**2), w
    ),
    "scan": lambda w: lax.scan(step, 0.0, w)[0],
    "heaviside": lambda w: jnp.sum(w**2 + jnp.heaviside(w - 20, 0.0) * w),
    "sign": lambda w: jnp.sum(w**2 + (1 + jnp.sign(w - 20)) * w),
    "maximum": lambda w: jnp.sum(w**2 + largest(w - 20, 0)),
    "clip": lambda w: jnp.sum(kept(w, None, 20) ** 2),
    "abs": lambda w: jnp.sum(w**2 + abs(w - 20) + w),
    "tree": lambda w: jnp.sum(w**2 + jax.tree.map(jnp.maximum, [w - 20], [0 * w])[0]),
    "inside of autodiff": lambda w: jnp.sum(jax.grad(inner)(w)),
}


@pytest.mark.parametrize("case", sweep(TRACED, every=4))
def test_a_gradient_that_is_right_beyond_a_branch_agrees(case):
    value = TRACED[case]
    assert check(value, lambda w: jax.grad(value)(w) * 1.0, X).ok


@pytest.mark.parametrize("case", sweep(TRACED, every=6))
def test_a_gradient_that_is_wrong_beyond_a_branch_is_caught(case):
    value = TRACED[case]
    assert check(value, lambda w: twice(w) + 0 * w, X).verdict is Verdict.ANALYTIC_WRONG


@pytest.mark.parametrize("value", sweep([lambda w: jnp.sort(w)[1], jnp.median]))
def test_another_order_is_another_branch(value):
    """The first points have the same order, so that another one is sought."""

    def wrong(w):
        return jnp.array([1.0, 0, 0])

    assert check(value, wrong, X, points=1).ok
    caught = check(value, wrong, X, points=2)
    assert caught.verdict is Verdict.ANALYTIC_WRONG
    assert "another entry has place 2 of the order in" in str(caught)
    (right,) = check(value, lambda w: jax.grad(value)(w) * 1.0, X, points=2)
    assert right.verdict is Verdict.AGREE
    assert re.fullmatch(r"branches: (\d) of \1 tested", *sentences(right))


def by_name_of_scope(w):
    with jax.named_scope("jvp(net)"):
        return jnp.where(w > 20, 2.9 * w, 2 * w)


def with_autodiff_for_a_part(w):
    return jnp.where(w > 20, 2.9 * w, jax.grad(lambda w: jnp.sum(w**2))(w))


def another_loss(w):
    return jnp.sum(jnp.where(w > 20, 2.9 * w, w**2))


@pytest.mark.parametrize(
    "gradient", [by_name_of_scope, with_autodiff_for_a_part, jax.grad(another_loss)]
)
def test_the_branches_of_a_gradient_count_whatever_it_calls(gradient):
    assert check(one_of, gradient, X).verdict is Verdict.ANALYTIC_WRONG


def test_autodiff_is_told_by_what_jax_notes_and_not_by_a_name():
    def program(function):
        return jax.make_jaxpr(function)(X).jaxpr

    assert not differentiates(program(by_name_of_scope))
    assert not differentiates(program(jax.vmap(lambda t: t**2)))
    for derived in (jax.grad(one_of), jax.jacfwd(one_of), jax.hessian(one_of)):
        assert differentiates(program(derived))
    assert differentiates(program(with_autodiff_for_a_part))
    assert differentiates(program(lambda w: jax.vjp(one_of, w)[1](1.0)))


A = np.random.default_rng(0).standard_normal((5, 3))


def fit(w, rows=A):
    return jnp.sum(jnp.tanh(rows @ w) ** 2)


def test_the_same_operations_on_other_data_are_another_program():
    assert check(fit, jax.grad(fit), X).verdict is Verdict.NOT_A_CHECK
    assert check(fit, jax.grad(partial(fit, rows=A.copy())), X).verdict is Verdict.NOT_A_CHECK
    stale = check(fit, jax.grad(partial(fit, rows=2 * A)), X)
    assert stale.verdict is Verdict.ANALYTIC_WRONG


@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit, jax.checkpoint])
def test_a_fingerprint_has_every_constant(wrap):
    def mark(rows):
        with jax.enable_x64(True):
            return fingerprint(jax.make_jaxpr(wrap(partial(fit, rows=rows)))(X))

    assert mark(A) == mark(A.copy()) != mark(A + 1e-3)


SMOOTH = {
    "by hand": lambda w: jnp.max(w) + jnp.log(jnp.sum(jnp.exp(w - jnp.max(w)))),
    "softmax": lambda w: jax.nn.log_softmax(w)[0] + jax.nn.softplus(w).sum() + jnp.std(w),
    "special": lambda w: jnp.sum(jax.scipy.special.log_ndtr(w) + jax.nn.gelu(w) + jnp.sinc(w)),
    "matrices": lambda w: jnp.linalg.slogdet(jnp.outer(w, w) + jnp.eye(3))[1],
    "entries": lambda w: jnp.max(w) ** 2 + w[-1] + w[jnp.array([0, 1])].sum(),
    "pivots": lambda w: jnp.sum(jnp.linalg.solve(jnp.outer(w, w) + jnp.eye(3), w)),
    "whole data": lambda w: jnp.sum(w**2 * jnp.floor(jnp.arange(3) / 2)),
    "data alone": lambda w: jnp.sum((jnp.arange(3) > 1) * w**2),
    "a jitted library": jax.jit(jax.nn.logsumexp),
}


@pytest.mark.parametrize("case", SMOOTH)
def test_smooth_functions_have_no_branch(case):
    (result,) = check(SMOOTH[case], None, X, points=1)
    assert result.branches == ()
    assert sentences(result) == ["no branch depends on the parameters"]


GRID = np.linspace(0, 4, 9)

STEPS = {
    "round": lambda w: jnp.sum(w * jnp.round(w)),
    "floor": lambda w: jnp.sum(w * jnp.floor(w)),
    "cast": lambda w: jnp.sum(w * w.astype(int)),
    "argmax": lambda w: w[jnp.argmax(w)] ** 2,
    "argmax of an array": lambda w: w[w.argmax()] ** 2,
    "searchsorted": lambda w: jnp.sum(w * jnp.asarray(GRID)[jnp.searchsorted(GRID, w)]),
    "digitize": lambda w: jnp.sum(w * jnp.digitize(w, GRID)),
    "remainder": lambda w: jnp.sum((w % 1.0) ** 2),
    "top": lambda w: jnp.sum(lax.top_k(w, 2)[0]),
    "interpolation": lambda w: jnp.sum(jnp.interp(w, GRID, GRID**2)),
    "in a loop": lambda w: lax.scan(lambda c, t: (c + t * jnp.floor(t), None), 0.0, w)[0],
    "compiled": jax.jit(lambda w: jnp.sum(w * jnp.ceil(w))),
    "cast on the host": lambda w: float(np.sum(w * w.astype(int))),
    "round on the host": lambda w: float(np.sum(w * np.round(w))),
    "floor on the host": lambda w: float(np.sum(w * np.floor(w))),
    "digitize on the host": lambda w: float(np.sum(w * np.digitize(w, GRID))),
    "int on the host": lambda w: float(GRID[int(abs(w[1]))] * w[0]),
    "argmax on the host": lambda w: float(w[np.argmax(w)] ** 2),
    "argmax of an array on the host": lambda w: float(w[w.argmax()] ** 2),
    "remainder on the host": lambda w: float(np.sum((w % 1.0) ** 2)),
}


# They are made of others: a floor is a rounding, and bins are searched for.
REPEATED = {"floor", "digitize", "interpolation"}


@pytest.mark.parametrize("case", sweep(STEPS, STEPS.keys() - REPEATED))
def test_what_changes_in_steps_is_named(case):
    (result,) = check(STEPS[case], None, X, points=1)
    (line,) = (n for n, line in enumerate(LINES, start=1) if line.startswith(f'    "{case}": '))
    assert f"(test_branches_by_operation.py:{line}) changes in steps" in result.branches_unseen


FOLLOWED = {
    "asarray": lambda w: float(np.sum(np.where(np.asarray(w) > 1, 2.0, 3.0) * w)),
    "asarray and argmax": lambda w: float(w[np.argmax(np.asarray(w))] ** 2 + w[0]),
    "array": lambda w: float(np.sum(w * (np.array(w) > 1))),
    "math": lambda w: float(w[0] ** 2 * math.floor(w[2]) + w[1]),
}


@pytest.mark.parametrize("case", FOLLOWED)
def test_what_the_record_loses_is_followed_where_the_function_is_rerun(case):
    (result,) = check(FOLLOWED[case], None, X, points=1)
    assert result.branches or "changes in steps" in result.branches_unseen
    assert "cannot be tracked" not in result.branches_unseen


def items(w):
    return [each.item() for each in w]  # it cannot be rerun


LOST = {
    "asarray": lambda w: float(np.sum(np.where(np.asarray(items(w)) > 1, 2.0, 3.0) * w)),
    "math": lambda w: float(w[0] ** 2 * math.floor(items(w)[2]) + w[1]),
    "a method of data": lambda w: float(np.sum(w * GRID[GRID.searchsorted(abs(w))])),
}


@pytest.mark.parametrize("case", LOST)
def test_numbers_that_are_lost_to_the_record_are_told(case):
    (result,) = check(LOST[case], None, X, points=1)
    assert "numbers that cannot be tracked, such as those from np.asarray" in str(
        result.branches_unseen
    )


KEPT = {
    "constants": lambda w: float(np.sum(np.concatenate([w, np.zeros(3)]) ** 2) * w.size + len(w)),
    "an index": lambda w: float(np.linalg.norm(w) + np.sum(w[np.array([1, 2])]) + w.mean()),
    "a loop": lambda w: float(sum(np.sin(each) * n for n, each in enumerate(w))),
    "a solution": lambda w: float(np.sum(np.linalg.solve(np.eye(3) + np.outer(w, w), w))),
}


@pytest.mark.parametrize("case", KEPT)
def test_a_smooth_function_on_the_host_has_no_branch(case):
    (result,) = check(KEPT[case], None, X, points=1)
    assert (result.branches, result.branches_unseen) == ((), "")


def network(w):
    hidden = jax.nn.relu(w.reshape(3, 1) * jnp.arange(1.0, 4.0) - 0.3)
    return jnp.sum(jnp.tanh(hidden @ jnp.ones(3)) ** 2)


@pytest.mark.parametrize("value", [network, lambda w: jnp.sum(jnp.where(w == 0, 1, w) ** 2)])
def test_right_gradients_of_functions_with_branches_agree(value):
    (result,) = check(value, lambda w: jax.grad(value)(w) * 1.0, X)
    assert result.verdict is Verdict.AGREE
    assert re.fullmatch(r"branches: \d of \d tested.*", *sentences(result))


def sentences(result) -> list[str]:
    """The lines of a result that speak of branches."""
    kinds = r"branches: \d+ of \d+ tested|no branch depends on|branches not looked at, because"
    lines = [line.strip() for line in str(result).splitlines()]
    return [line for line in lines if re.match(kinds, line)]


def looped(w):
    grow = jnp.where(w[0] > 20, 3 * w[0], w[0])
    return lax.while_loop(lambda c: c[0] < 2, lambda c: (c[0] + 1, c[1] + grow), (0, 0.0))[1]


def called_back(w):
    shape = jax.ShapeDtypeStruct((), w.dtype)
    return jax.pure_callback(lambda w: np.sum(w**2), shape, w, vmap_method="sequential")


@pytest.mark.parametrize(
    ("value", "gradient", "why"),
    [
        (
            called_back,
            twice,
            r"there is a call on the host, `jax\.pure_callback\(.*, which is not looked into",
        ),
        (
            lambda w: float(sum(math.exp(v) for v in items(w))),
            np.exp,
            "value computes with numbers that cannot be tracked",
        ),
        (lambda w: float(np.sum(np.asarray(items(w)) ** 2)), twice, "value computes with"),
    ],
)
def test_it_is_said_why_branches_are_not_looked_at(value, gradient, why):
    (result,) = check(value, gradient, X)
    assert result.verdict is Verdict.AGREE
    assert re.match(f"branches not looked at, because {why}", *sentences(result))


def test_a_loop_that_is_not_looked_into_is_said_beside_the_branches_that_are():
    (result,) = check(looped, lambda w: jnp.array([jnp.where(w[0] > 20, 6.0, 2.0), 0, 0]), X)
    (said,) = sentences(result)
    assert said.startswith("branches: 4 of 4 tested; there may be more: there is a loop whose")


def test_a_failure_of_ours_is_said(monkeypatch):
    def broken(*_):
        raise ValueError("of another version of JAX")

    monkeypatch.delenv("GRADCOMPARE_RAISE")
    monkeypatch.setattr("gradcompare._points.branches.traced.choices", broken)
    (result,) = check(one_of, None, X)
    (said,) = sentences(result)
    assert said.startswith("branches not looked at, because a step of gradcompare failed")


def test_a_formula_has_branches_without_lines():
    formula = Formula.of("sum(where(w > 20, 3*w, w**2))")
    (result,) = check(lambda w: formula({"w": w}), twice, X)
    assert result.verdict is Verdict.ANALYTIC_WRONG


# Functions that are called on the host.


def by_infinity_in_a_line(w):
    if w[0] > 20:
        return np.sum(np.clip(w, -np.inf, 1e9) ** 3)
    return np.sum(w**2)


def by_isnan_in_a_name(w):
    isnan = w[0] > 20
    if isnan:
        return np.nansum(w**3)
    return np.sum(w**2)


def by_parts(w):
    out = np.zeros(3)
    far = np.nonzero(w > 20)
    out[far] = w[far]
    return np.sum(w**2 + out)


HOST = {
    "infinity in a line": by_infinity_in_a_line,
    "isnan in a name": by_isnan_in_a_name,
    "one line": lambda w: np.sum(w**3) if w[0] > 20 else np.sum(w**2),
    "masks": lambda w: np.sum((w > 20) * 3 * w + (w <= 20) * w**2) if w[0] else 0.0,
    "product with a mask": lambda w: np.dot(w > 20, w) + np.sum(w**2) if w[0] else 0.0,
    "float": lambda w: np.sum(w**2) + float(w[0] > 20) * w[0] * 3,
    "compress": lambda w: float(np.compress(w > 20, w).sum() + np.sum(w**2)),
    "nonzero": by_parts,
    "sum of some": lambda w: float(np.sum(w**2, where=w < 20)),
    "another max": lambda w: float(biggest(0.0, w[0] - 20) * 3 + np.sum(w**2)),
    "heaviside": lambda w: float(np.sum(w**2 + np.heaviside(w - 20, 0) * w)),
    "piecewise": lambda w: float(np.piecewise(w, [w > 20], [lambda t: 3 * t, np.square]).sum()),
    "partial": lambda w: float(partial(np.maximum, 0)(w - 20).sum() + np.sum(w**2)),
}


@pytest.mark.parametrize("case", sweep(HOST, HOST.keys() - {"masks", "isnan in a name", "float"}))
def test_on_the_host_it_is_caught_as_well(case):
    assert check(HOST[case], twice, X).verdict is Verdict.ANALYTIC_WRONG
    assert check(HOST[case], twice, X, points=1).ok


def test_another_order_on_the_host():
    def value(w):
        return float(np.sum(np.sort(w) * np.arange(3)))

    def right(w):
        return np.arange(3.0)[np.argsort(np.argsort(w))]

    assert check(value, right, X).ok
    assert check(value, lambda w: np.array([1.0, 0, 2]), X).verdict is Verdict.ANALYTIC_WRONG


GUARDS = {
    "infinity": "if w[0] > 20:\n    return np.inf",
    "a name of it": "if w[0] > 20:\n    return BAD",
    "a name of it here": "bad = -np.inf\n  if w[0] > 20:\n    return bad",
    "a text of it": "if w[0] > 20:\n    return float('inf')",
    "after something else": "if w[0] > 20:\n    far = True\n    return math.inf",
    "times something": "if w[0] > 20:\n    return np.nan * np.sum(w)",
    "the other side": "if w[0] < 20:\n    pass\n  else:\n    return np.nan",
    "an error": "if w[0] > 20:\n    text = 'far'\n    raise ValueError(text)",
    "all finite": "if not np.isfinite(w).all():\n    return 1.0",
    "some missing": "if np.any(np.isnan(w)):\n    return 0.0",
}


@pytest.mark.parametrize("case", GUARDS)
def test_a_guard_is_no_branch(case, tmp_path):
    value = written(tmp_path, GUARDS[case])
    (result,) = check(value, twice, X)
    assert result.verdict is Verdict.AGREE
    assert sentences(result) == ["no branch depends on the parameters"]


@pytest.mark.parametrize("returned", ["1e9", "np.nansum(w)", "BIG", "min(w[0], np.inf)"])
def test_what_returns_a_number_is_a_branch(returned, tmp_path):
    value = written(tmp_path, f"if w[0] > 20:\n    return {returned}")
    (result,) = check(value, twice, X)
    assert [branch.words for branch in result.branches] == [
        "`w[0] > 20` is false",
        "`w[0] > 20` is true",
    ]


def written(folder, body: str):
    """A function of NumPy with a body, in a file of its own."""
    file = folder / "loss.py"
    head = "import math\nimport numpy as np\nBAD, BIG = np.inf, 1e9\n\ndef value(w):\n  "
    file.write_text(f"{head}{body}\n  return float(np.sum(w**2))\n")
    linecache.checkcache(str(file))
    space: dict = {}
    exec(compile(file.read_text(), str(file), "exec"), space)
    return space["value"]


def test_pythons_sorting_is_told_by_the_object():
    (result,) = check(lambda w: float(in_order(w)[0] * 0 + np.sum(w**2)), twice, X)
    assert result.branches == ()


# Whose code a frame is.


def test_whose_code_a_file_is():
    for name in ("jax", "jaxlib", "numpy", "scipy", "json", "functools", "gradcompare.cli"):
        assert not is_users(str(importlib.import_module(name).__file__))
    assert not is_users("<frozen importlib._bootstrap>")
    for name in ("click", "pytest", "gradcompare.objectives.ridge"):
        assert is_users(str(importlib.import_module(name).__file__))
    for file in ("<stdin>", "<string>", "/tmp/ipykernel_1/2.py", "/home/me/site-packages/loss.py"):
        assert is_users(file)


def test_a_package_installed_below_the_standard_library_is_the_users():
    json = importlib.import_module("json").__file__
    assert json is not None
    below = json.replace("json/__init__.py", "site-packages/loss/__init__.py")
    assert below != json
    assert is_users(below)


def test_an_installed_package_is_looked_at(tmp_path, monkeypatch):
    folder = tmp_path / "site-packages"
    (folder / "numpymodels").mkdir(parents=True)
    code = (
        "import jax.numpy as jnp\ndef loss(w):\n    return jnp.sum(jnp.where(w > 20, 3*w, w**2))"
    )
    (folder / "numpymodels" / "__init__.py").write_text(code)
    monkeypatch.syspath_prepend(str(folder))
    loss = importlib.import_module("numpymodels").loss
    assert check(loss, twice, X).verdict is Verdict.ANALYTIC_WRONG
    del sys.modules["numpymodels"]


# Errors of JAX.


def error_of(function) -> Exception:
    error = outcome_of(lambda: jax.jit(function)(X))
    assert isinstance(error, Exception)
    return error


def test_errors_of_jax_are_told_by_class():
    class Renamed(jax.errors.TracerArrayConversionError):
        pass

    class ConcretizationTypeError(Exception):
        """Of a library that calls its own error so."""

    error = error_of(np.asarray)
    assert Untraceable.of(error) is Untraceable.NUMPY
    renamed = Renamed.__new__(Renamed)
    assert Untraceable.of(renamed) is Untraceable.NUMPY
    assert Untraceable.of(error_of(lambda w: 1 if w[0] > 0 else 2)) is Untraceable.BRANCH
    assert Untraceable.of(error_of(lambda w: list(range(w[0].astype(int))))) is Untraceable.INDEX
    assert Untraceable.of(error_of(lambda w: float(w[0]))) is Untraceable.NUMBER
    assert Untraceable.of(ConcretizationTypeError()) is None


def test_notes_of_the_user_are_kept_and_those_of_jax_are_not():
    def fails(w):
        error = ValueError("no")
        error.add_note("--- of mine")
        raise error

    assert describe(error_of(fails)) == "ValueError: no (--- of mine)"


# Names that the user gives.


def test_data_called_theta_keep_their_name():
    def value(w, θ):
        return jnp.sum(w**3 * θ)

    data = np.array([0.3, 0.5, 0.7, 0.11])
    point = np.array([0.5, 1.0, 2.0, 3.0])
    (result,) = check(value, lambda w, θ: 3 * w**2 * θ + θ, point, data)
    (finding,) = result.diagnosis
    assert "analytic - reference is θ; subtract θ" in str(finding)
    (result,) = check(lambda w: jnp.sum(w**3), lambda w: 3 * w**2 + w, point)
    assert "analytic - reference is x" in str(result.diagnosis[0])


def test_names_of_a_formula_are_as_they_are_written():
    micro = Formula.of("µ * sum(θ**2)")  # the sign, not the letter
    assert micro.names == ("µ", "θ")
    assert float(micro({"µ": 2.0, "θ": np.ones(3)})) == 6


@pytest.mark.parametrize(("value", "one"), [(1.0, True), (1.0 + 1e-9, False)])
def test_a_number_is_told_by_its_value(value, one):
    assert Constant(value, "1").is_one_of(1) is one
    assert not Constant(1.0, "1", uncertainty=1e-9).is_one_of(1)


def test_a_stopped_gradient_is_told_by_the_function_that_is_called():
    stop = lax.stop_gradient
    (result,) = check(lambda w: jnp.sum(w * stop(w)), lambda w: 2 * w, X)
    assert "autodiff treats `stop(w)`" in str(result.diagnosis[0])
