"""Which branches the points take, points sought for the others, and faults in one branch."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from gradcompare import Comparison, Judgement, Verdict, check, compare, get_objective
from gradcompare._engine.point.examination import examine
from gradcompare._evaluation.evaluator import Evaluator
from gradcompare._points.branches.choices import choices
from gradcompare._points.branches.nodes import each
from gradcompare._results.branch import NAMED_BRANCHES, Branch, in_words
from gradcompare._results.report.brief import brief
from gradcompare._results.report.detail import detail
from gradcompare.diagnosis.evidence.data import Evidence, Region
from gradcompare.diagnosis.evidence.regions import branch

W = np.array([0.5, -1.2, 0.8, 2.1])
HERE = "test_branches.py"


def line_of(text: str) -> int:
    """The line of this file that starts with a text."""
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    (number,) = [n for n, line in enumerate(lines, 1) if line.strip().startswith(text)]
    return number


def branches_of(value, *data) -> dict[str, Branch]:
    """The branches of a function of `W` and data, by their words."""
    traced = jax.make_jaxpr(value)(W.astype(np.float32), *data)
    return {
        branch.words: branch
        for choice in each(choices(traced, 1)[0])
        for branch in choice.branches
    }


BY_WHERE = "return jnp.sum(jnp.where(w > 1, w, w**2))"


def by_where(w):
    return jnp.sum(jnp.where(w > 1, w, w**2))


def by_mask(w):
    far = (w > 1) & (w < 7)
    safe = jnp.where(far, w, 1.0)
    return jnp.sum(jnp.where(far, jnp.sqrt(safe), w))


@jax.jit
def bent(t):
    return jnp.where(t > 5, t, t**2)


def steps(carry, t):
    return jnp.where(t > 7, carry, carry + t), None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (by_where, ["`w > 1` is false", "`w > 1` is true"]),
        (by_mask, ["`(w > 1) & (w < 7)` is false", "`(w > 1) & (w < 7)` is true"]),
        (lambda w: bent(w).sum(), ["`t > 5` is false", "`t > 5` is true"]),
        (lambda w: jax.vmap(bent)(w).sum(), ["`t > 5` is false", "`t > 5` is true"]),
        (lambda w: jax.checkpoint(bent)(w).sum(), ["`t > 5` is false", "`t > 5` is true"]),
        (lambda w: lax.scan(steps, 0.0, w)[0], ["`t > 7` is false", "`t > 7` is true"]),
        (
            lambda w: jnp.maximum(0, w).sum(),
            ["`jnp.maximum(0, w)` is 0", "`jnp.maximum(0, w)` is above 0"],
        ),
        (
            lambda w: jnp.minimum(w, w[::-1]).sum(),
            [f"`jnp.minimum(w, w[::-1])` takes its {n} argument" for n in ("first", "second")],
        ),
        (
            lambda w: jax.nn.relu(w).sum(),
            ["`jax.nn.relu(w)` is above 0", "`jax.nn.relu(w)` is 0"],
        ),
        (
            lambda w: jnp.clip(w, -1, 2).sum(),
            [f"`jnp.clip(w, -1, 2)` is {x}" for x in ("-1", "above -1", "2", "below 2")],
        ),
        (
            lambda w: lax.clamp(w[0], w, w[1]).sum(),
            [
                f"`lax.clamp(w[0], w, w[1])` is {x}"
                for x in ("at its lower bound", "between its bounds", "at its upper bound")
            ],
        ),
        (
            lambda w: jax.nn.leaky_relu(w).sum(),
            [f"the condition of `jax.nn.leaky_relu(w)` is {x}" for x in ("false", "true")],
        ),
        (
            lambda w: jnp.abs(w).sum(),
            [f"the argument of `jnp.abs(w)` is {x} 0" for x in ("below", "above")],
        ),
        (
            lambda w: lax.cond(w[0] > 2, jnp.sin, jnp.cos, w[1]),
            ["`w[0] > 2` is false", "`w[0] > 2` is true"],
        ),
        (
            lambda w: jax.vmap(lambda t: lax.cond(t > 2, jnp.sin, jnp.cos, t))(w).sum(),
            ["`t > 2` is false", "`t > 2` is true"],
        ),
        (
            lambda w: lax.switch(jnp.int32(w[0]), [jnp.sin, jnp.cos, jnp.tan], w[1]),
            ["takes branch 0", "takes branch 1", "takes branch 2"],
        ),
        (
            lambda w: jnp.select([w < 0, w > 1], [w, w**2]).sum(),
            ["takes its default", "takes choice 1", "takes choice 2"],
        ),
        (
            lambda w: jnp.piecewise(w, [w < 0, w > 1], [jnp.sin, jnp.cos, 0.0]).sum(),
            ["takes its default", "takes choice 1", "takes choice 2"],
        ),
    ],
)
def test_the_arms_in_words(value, words):
    found = branches_of(value)
    assert [have[-len(want) :] for have, want in zip(found, words, strict=True)] == words


@pytest.mark.parametrize(
    "value",
    [
        lambda w: jnp.logaddexp(0, w).sum(),
        lambda w: jax.nn.softplus(w).sum(),
        lambda w: jax.nn.logsumexp(w),
        lambda w: w[jnp.argmax(w)] + w[-1],
        lambda w: jnp.max(w) + jnp.linalg.norm(w, 1),
        lambda w: jax.scipy.special.gammaln(w).sum() + jax.scipy.special.log_ndtr(w).sum(),
        lambda w: jnp.sum(jnp.where(jnp.arange(4) > 1, w, 0)),  # the same at every point
        lambda w: jnp.sum(w**2),
    ],
)
def test_what_a_library_chooses_by_itself_is_no_choice(value):
    assert not branches_of(value)


def test_lines_of_a_function_that_jax_keeps():
    """JAX traces `where` once for these shapes: both would carry the line of the first."""

    def value(w):
        first = jnp.where(w > 3, w, 0.0)
        second = jnp.where(w > 4, w, 0.0)
        return jnp.sum(first + second)

    found = branches_of(value)
    assert found["`w > 3` is true"].line == line_of("first = jnp.where")
    assert found["`w > 4` is true"].line == line_of("second = jnp.where")
    assert str(found["`w > 4` is true"]).endswith(f"({HERE}:{line_of('second = jnp.where')})")


def test_a_choice_by_the_data_alone():
    def value(w, y):
        return jnp.sum(jnp.where(y > 0, w, w**2)) + jnp.sum(jnp.where(w > 2, w * y, 0))

    found = branches_of(value, W.astype(np.float32))
    assert found["`y > 0` is true"].source == "data"
    assert found["`w > 2` is true"].source == "parameters"


def test_an_index_is_no_single_point():
    found = branches_of(lambda w: jnp.sum(jnp.where(jnp.arange(4) == jnp.argmax(w), w, 0)))
    assert [branch.note for branch in found.values()] == ["", ""]
    found = branches_of(lambda w: jnp.sum(jnp.where(w == 3, w, 0)))
    assert [bool(branch.note) for branch in found.values()] == [False, True]


def test_what_autodiff_makes_of_a_choice_is_none():
    def value(w):
        return jnp.sum(jnp.maximum(w, w[::-1]))

    (result,) = check(value, lambda w: jax.grad(value)(w), W)
    assert [branch.words[-20:] for branch in result.branches] == [
        "takes its first argument"[-20:],
        "takes its second argument"[-20:],
    ]


def looked_at(value, x=W, *args, **options) -> dict[str, Branch]:
    (result,) = check(value, None, x, *args, **options)
    return {branch.words: branch for branch in result.branches}


@pytest.mark.parametrize(
    ("value", "never"),
    [
        (lambda w: jnp.sum(jnp.where(w > 1e6, w, w**2)), ["`w > 1e6` is true"]),
        (lambda w: jnp.sum(jnp.where(w > 1, w, w**2)), []),
        (lambda w: jnp.maximum(-1e6, w).sum(), ["`jnp.maximum(-1e6, w)` is -1e+6"]),
        (lambda w: lax.cond(w[0] > 9, jnp.sin, jnp.cos, w[0]), ["`w[0] > 9` is true"]),
        (
            lambda w: lax.cond(
                w[0] > 9, lambda t: jnp.sum(jnp.where(t > 0, t, 2 * t)), jnp.sum, w
            ),
            ["`w[0] > 9` is true", "`t > 0` is false", "`t > 0` is true"],
        ),
        (
            lambda w: jnp.sum(lax.scan(lambda c, t: (jnp.where(t > 9, c, c + t), t), 0.0, w)[0]),
            ["`t > 9` is true"],
        ),
        (lambda w: jnp.clip(w, -9, 1).sum(), ["`jnp.clip(w, -9, 1)` is -9"]),
    ],
)
def test_which_arms_are_taken(value, never):
    found = looked_at(value, points=1)
    assert [words for words, branch in found.items() if not branch.tested] == never


def test_nothing_to_choose_costs_no_program(monkeypatch):
    asked = []
    run = Evaluator.run

    def noted(self, key, *args, **options):
        asked.append(key)
        return run(self, key, *args, **options)

    monkeypatch.setattr(Evaluator, "run", noted)
    (result,) = check(lambda w: jnp.sum(jnp.logaddexp(0, w)), None, W)
    assert "value" in asked
    assert "branches" not in asked
    assert result.branches == ()
    assert "no branch depends on the parameters" in detail(result)
    check(by_where, None, W)
    assert "branches" in asked


def logit(theta, n, far):
    """Σ log(1 + exp(-nθ)) as it is written in practice, with a cutoff on either side."""
    t = n * theta
    near = jnp.log1p(jnp.exp(-t))
    return jnp.sum(jnp.where(t > far, jnp.exp(-t), jnp.where(t < -far, -t, near)))


def logit_gradient(theta, n, far, tail=-1.0, other=-1.0):
    t = n * theta
    e = jnp.exp(-t)
    within = jnp.where(t < -far, other * n, -n * e / (1 + e))
    return jnp.where(t > far, tail * n * e, within)


THETA = np.array([0.5, -1.0, 2.0, 0.3, 0.7, -0.2])
SIGNS = np.array([1.0, -1.0, 1.0, 1.0, -1.0, 1.0])


def test_a_fault_in_a_tail_is_found_from_an_ordinary_point():
    wrong = partial(logit_gradient, tail=1.0)
    comparison = check(logit, wrong, THETA, SIGNS, 20.0)
    (result,) = comparison
    assert result.verdict is Verdict.ANALYTIC_WRONG
    faulty = [p for p in result.points if p.judgement.verdict is Verdict.ANALYTIC_WRONG]
    assert all(p.label.startswith("a point where `t > far` is true") for p in faulty)
    # Just behind the threshold: further out there is nothing left to be seen.
    assert 20 < np.max(faulty[0].x * SIGNS) < 23
    line = line_of("return jnp.sum(jnp.where(t > far")
    assert result.diagnosis[0].sentence == (
        f"the derivative through `jnp.exp(-t)` ({HERE}:{line}) has the wrong sign"
    )
    assert "a point where `t > far` is true" in brief(comparison)


def test_without_the_search_it_is_not():
    wrong = partial(logit_gradient, tail=1.0)
    (result,) = check(logit, wrong, THETA, SIGNS, 20.0, points=1)
    assert result.verdict is Verdict.AGREE
    assert "branches: 4 of 8 tested; not tested where `t < -far` is true" in str(result)
    assert "or `t > far` is true" in str(result)


def test_a_right_tail_is_not_accused():
    (result,) = check(logit, logit_gradient, THETA, SIGNS, 20.0)
    assert result.verdict is Verdict.AGREE
    assert len(result.points) == 5
    assert all(branch.tested for branch in result.branches)
    assert "branches: 8 of 8 tested" in str(result)
    assert "branches: 8 of 8 tested" in detail(result)


RNG = np.random.default_rng(1)
X, Y = RNG.standard_normal((12, 4)), RNG.choice([-1.0, 1.0], 12)


def test_the_line_of_a_fault_in_sums_over_samples():
    """Branches that the first point takes together are told apart by others."""

    def value(w):
        return logit(X @ w, Y, 20.0)

    def gradient(w):
        other = 0.1 * jnp.sin(X @ w) - 1
        return logit_gradient(X @ w, Y, 20.0, other=other) @ X

    (result,) = check(value, gradient, W)
    line = line_of("within = jnp.where(t < -far")
    (finding,) = result.diagnosis
    assert finding.kind == "branch"
    assert f"wrong only where `t < -far` is true ({HERE}:{line}), at 3 of 7 points" in str(finding)


def test_more_points_tell_whether_it_is_the_arm():
    """A single entry at one point is wrong at first, which could be for any reason."""

    def value(w):
        return jnp.sum(jnp.where(w > 1.2, w, w**2))

    def gradient(w):
        return jnp.where(w > 1.2, 2.0 + jnp.sin(w) / 9, 2 * w)

    start = np.array([0.5, -0.2, 0.8, 1.1, 0.4, 0.9, 0.3, 0.6])
    (result,) = check(value, gradient, start)
    assert [p.judgement.verdict for p in result.points[:3]].count(Verdict.ANALYTIC_WRONG) == 1
    assert len(result.points) > 3
    assert len({p.x.tobytes() for p in result.points}) == len(result.points)
    assert f"only where `w > 1.2` is true ({HERE}:" in str(result.diagnosis[0])


def test_a_gradient_wrong_everywhere_needs_no_more_points():
    (result,) = check(
        logit, partial(logit_gradient, tail=9.0, other=9.0), -THETA * 40, SIGNS, 20.0
    )
    assert result.verdict is Verdict.ANALYTIC_WRONG
    (result,) = check(by_where, lambda w: 3 * w + 1, W / 10)
    assert len(result.points) == 4
    assert all(finding.kind != "branch" for finding in result.diagnosis)


def test_points_sought_stay_inside_the_bounds():
    value = by_where
    start = np.array([0.2, 0.4])
    (result,) = check(value, jax.grad(lambda w: by_where(w)), start, bounds=(0, 5))
    sought = result.points[3]
    assert sought.label == f"a point where `w > 1` is true ({HERE}:{line_of(BY_WHERE)})"
    assert 1 < sought.x.max() <= 5
    (result,) = check(value, jax.grad(lambda w: by_where(w)), start, bounds=(0, 0.9))
    assert len(result.points) == 3
    assert "1 of 2 tested; not tested where `w > 1` is true" in str(result)
    assert "no point was found that reaches it; give one as x0" in str(result)


def test_no_point_is_looked_at_where_the_value_is_not_finite():
    def value(x):
        return jnp.sum(jnp.where(x > 0, -jnp.log(jnp.where(x > 0, x, 1.0)), jnp.inf))

    (result,) = check(value, lambda x: -1 / x, np.array([0.5, 1.2]))
    assert result.verdict is Verdict.AGREE
    assert [branch.words for branch in result.branches if not branch.tested] == [
        "`x > 0` is false"
    ]


def test_no_point_is_looked_at_where_the_value_raises():
    """As a solver does that has taken all its steps."""
    calls = []

    def stopping(x):
        calls.append(x)
        if np.any(np.abs(x) > 5):
            raise ArithmeticError("too many steps")
        return x

    def value(x):
        shape = jax.ShapeDtypeStruct(x.shape, x.dtype)
        x = jax.pure_callback(stopping, shape, x, vmap_method="sequential")
        return jnp.sum(jnp.where(x > 1e3, 0.0, x**2))

    (result,) = check(value, lambda x: 2 * x, np.array([1.0, 2.0]))
    assert result.verdict is Verdict.AGREE
    assert sum(np.any(np.abs(x) > 5) for x in calls) <= 10


def test_no_point_is_looked_at_that_the_dtype_cannot_hold():
    def value(x):
        return jnp.sum(jnp.where(x > 1e5, x, 2 * x))

    (result,) = check(value, None, np.array([500.0, 700.0]), dtype="float16")
    assert result.verdict is Verdict.AGREE
    assert "not tested where `x > 1e5` is true" in str(result)


def test_a_point_at_which_nothing_can_be_told_shows_nothing(monkeypatch):
    def unclear(evaluator, methods):
        point = examine(evaluator, methods)
        if not point.label.startswith("a point where"):
            return point
        return replace(point, judgement=Judgement(Verdict.INCONCLUSIVE))

    monkeypatch.setattr("gradcompare._engine.examiner.examine", unclear)
    (result,) = check(by_where, None, W / 10)
    assert result.verdict is Verdict.AGREE
    assert len(result.points) == 3
    assert "not tested where `w > 1` is true" in str(result)
    assert "nothing can be told at the point found that reaches it" in str(result)


def test_a_coverage_that_fails_takes_nothing_with_it(monkeypatch):
    monkeypatch.delenv("GRADCOMPARE_RAISE")

    def broken(*_):
        raise ValueError("of another version of JAX")

    monkeypatch.setattr("gradcompare._points.branches.traced.choices", broken)
    (result,) = check(by_where, None, W)
    assert result.verdict is Verdict.AGREE
    assert result.branches == ()
    assert "the search for branches failed with ValueError: this is a fault of gradcomp" in str(
        result
    )


def test_single_points_are_not_sought():
    def value(x):
        return jnp.sum(jnp.where(x == 0, 1.0, jnp.sin(x) / jnp.where(x == 0, 1.0, x)))

    # A step of -1 would lead to 0 exactly.
    (result,) = check(value, None, np.array([1.0, 2.5]))
    assert len(result.points) == 3
    assert "not tested where `x == 0` is true" in str(result)
    assert "single points reach it" in str(result)


@pytest.mark.sweep
def test_a_registered_objective_is_reported_and_not_searched():
    (result,) = compare([get_objective("hinge")], timing=False, points=1)
    assert [branch.tested for branch in result.branches] == [True] * 4
    (result,) = compare([get_objective("trap-where-sqrt")], timing=False, points=1)
    assert result.ok


def test_in_json_both_ways():
    comparison = check(by_where, None, W, points=1)
    again = Comparison.from_json(comparison.to_json())
    assert again.results[0].branches == comparison.results[0].branches != ()
    assert str(again) == str(comparison)


def made(words: str, note: str = "") -> Branch:
    return Branch(words, "model/loss.py", 12, tested=not note, note=note)


def test_the_sentence():
    assert in_words((made("a"), made("b"))) == "branches: 2 of 2 tested"
    assert in_words((made("a"), made("b", "x; y"), made("c", "x; y"), made("d", "z"))) == (
        "branches: 1 of 4 tested; not tested where b (loss.py:12) or c (loss.py:12): x; y; "
        "not tested where d (loss.py:12): z"
    )
    many = tuple(made(str(n), "x") for n in range(NAMED_BRANCHES + 4))
    assert "2 (loss.py:12) or 4 more: x" in in_words(many)


def test_a_brief_agreement_names_what_is_not_tested():
    lines = brief(check(by_where, None, W / 10, bounds=(-0.3, 0.3))).splitlines()
    assert len(lines) <= 10
    assert "1 of 2 tested; not tested where `w > 1` is true" in " ".join(lines)


def evidence(wrong, *regions, reference=1.0) -> Evidence:
    """Evidence in which these entries are wrong by a fifth."""
    wrong = np.asarray(wrong, bool)
    right = np.full(wrong.shape, reference)
    small = np.full(wrong.shape, 1e-14)
    return Evidence(
        labels=tuple(map(str, range(len(wrong)))),
        x=np.ones(wrong.shape),
        analytic=right * np.where(wrong, 1.2, 1),
        analytic_bar=small,
        reference=right,
        reference_bar=small,
        usable=np.ones(wrong.shape, bool),
        slight=np.zeros(wrong.shape, bool),
        paths=("w",),
        shapes=(wrong.shape[1:],),
        regions=regions,
    )


def by_entry(taken, words="`w > 1` is true") -> Region:
    return Region(words, "f.py:3", np.asarray(taken, bool), slice(0, np.shape(taken)[1]))


def by_point(taken, words="`w > 1` is true", place="f.py:3") -> Region:
    return Region(words, place, np.asarray(taken, bool)[:, None])


SOME = np.random.default_rng(3).random((4, 8)) < 0.2


def test_entries_that_are_wrong_exactly_where_an_arm_is_taken():
    said = branch(evidence(SOME, by_entry(SOME)))
    assert said == f"only where `w > 1` is true (f.py:3), in {SOME.sum()} of 32 entries"


@pytest.mark.parametrize("changed", [True, False])
def test_one_entry_against_it_is_enough(changed):
    """One more that takes the branch and is right, or one wrong that does not take it."""
    taken = SOME.copy()
    i, j = np.argwhere(changed != SOME)[0]
    taken[i, j] = changed
    assert not branch(evidence(SOME, by_entry(taken)))


def test_few_entries_may_be_an_accident():
    one = np.zeros((3, 4), bool)
    one[1, 2] = True
    assert not branch(evidence(one, by_entry(one)))


def test_points_at_which_an_arm_is_taken():
    wrong = np.zeros((5, 3), bool)
    wrong[3:, 1] = True
    taken = np.array([0, 0, 0, 1, 1])
    said = "only where `w > 1` is true (f.py:3), at 2 of 5 points"
    assert branch(evidence(wrong, by_point(taken))) == said
    # The same condition in the gradient, which comes after the value: that line is given.
    pair = by_point(taken), by_point(taken, place="g.py:7")
    assert "(g.py:7)" in branch(evidence(wrong, *pair))
    pair = by_point(taken), by_point(taken, words="b")
    assert "is true (f.py:3) or b (f.py:3), which coincide here" in branch(evidence(wrong, *pair))
    assert not branch(evidence(wrong, *(by_point(taken, words=word) for word in "abc")))
    assert not branch(evidence(wrong, by_point([0, 0, 1, 1, 1])))
    assert not branch(evidence(wrong[2:], by_point(taken[2:])))
