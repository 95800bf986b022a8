"""The experiments that show what a constant trades: each a few seconds of one core.

An experiment is prepared once, and run with each value of a constant. It gives figures, and marks:
one for each thing that was judged, so that it shows as well where a constant changes something
that no figure counts.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from constant_branches import AT, BRANCHING, branches
from constant_breaks import breaks, estimates, people
from constant_edges import every_line, every_noise, faint, lines, noises
from constant_judging import Outcome, bars, families, judged, percent, verdicts
from constant_ties import at_ties, every_tie
from detection_cases import cases_of
from families_steps import at_steps, every_step
from scenes import Scene, make_scene

import gradcompare
from gradcompare import Verdict
from gradcompare._engine.point.second_opinion.taylor import taylor_remainder
from gradcompare._foundation.precision import FLOAT64, precision_scope


@dataclass(frozen=True)
class Experiment:
    """An experiment, its name being that of its function.

    Attributes:
        prepare: What does not depend on any constant that it is for.
        run: Runs it on what was prepared.
        about: What is done.
        counts: What a mark is about.
    """

    prepare: Callable[[], Any]
    run: Callable[[Any], Outcome]
    about: str
    counts: str


SCENES = ("ridge", "logistic", "softmax-regression", "cox")


def scenes(names: tuple[str, ...] = SCENES) -> list[Scene]:
    objectives = [gradcompare.get_objective(name) for name in names]
    return [make_scene(objective, objective.sizes[0]) for objective in objectives]


def names(every: list[Scene]) -> Outcome:
    # A copy of a scene has nothing that was worked out before.
    cases = [case for scene in every for case in cases_of(replace(scene), (), 0)]
    faults, clean = (
        [c for c in cases if (c.group == "clean") == alone] for alone in (False, True)
    )
    found = [case for case in faults if not case.ok]
    figures = {
        "named %": percent(sum(case.named for case in found), len(found)),
        "first kind %": percent(sum(c.found[:1] == c.expected[:1] for c in found), len(found)),
        "findings": sum(len(case.found) for case in found),
        f"missed of {sum(c.above for c in faults)}": sum(c.above and c.ok for c in faults),
        f"false alarms of {len(clean)}": sum(not case.ok for case in clean),
    }
    return Outcome(figures, [(case.verdict, case.found, case.line) for case in cases])


def autodiff(every: tuple[str, ...]) -> Outcome:
    results = [
        gradcompare.compare(
            name, ["analytic", "reverse", "richardson"], timing=False, points=1
        ).results[0]
        for name in every
    ]
    wrong = [r for r in results if r.expected is Verdict.AUTODIFF_WRONG]
    others = [r for r in results if r.expected is not Verdict.AUTODIFF_WRONG]
    figures = {
        f"verdict right of {len(results)}": sum(r.ok for r in results),
        f"cause named of {len(wrong)}": sum(bool(r.diagnosis) for r in wrong),
        f"accused of {len(others)}": sum(r.verdict is Verdict.AUTODIFF_WRONG for r in others),
    }
    return Outcome(figures, [(r.verdict.name, [f.kind for f in r.diagnosis]) for r in results])


def traps() -> tuple[str, ...]:
    named = gradcompare.list_objectives()
    wrong = [n for n in named if gradcompare.get_objective(n).expected is Verdict.AUTODIFF_WRONG]
    return (*wrong, "ridge", "hinge")


def rosenbrock(x):
    x = np.asarray(x)
    return float(np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))


def rosenbrock_gradient(x, wrong):
    x = np.asarray(x)
    r, g = x[1:] - x[:-1] ** 2, np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * r - 2 * (1 - x[:-1])
    g[1:] += 200 * r
    g[wrong] *= 1.01
    return g


def located(tasks: list[tuple[int, int]]) -> Outcome:
    found = accused = values = 0
    marks = []
    for seed, count in tasks:
        rng = np.random.default_rng([seed, count])
        x, wrong = rng.standard_normal(300), rng.choice(300, count, replace=False)
        at_zero = rng.random(300) < 0.1
        x[at_zero] = 0.0
        location = gradcompare.locate(
            rosenbrock, lambda x, wrong=wrong: rosenbrock_gradient(x, wrong), x, seed=seed,
            bounds=(np.where(at_zero, 0.0, -np.inf), np.inf),
        )  # fmt: skip
        right = set(wrong.tolist()) & set(location.coordinates)
        found, accused = found + len(right), accused + len(location.coordinates) - len(right)
        values += location.evaluations
        marks.append((location.coordinates, location.many, location.evaluations))
    figures = {f"found of {sum(n for _, n in tasks)}": found, "accused": accused, "values": values}
    return Outcome(figures, marks)


def taylor(every: list[Scene]) -> Outcome:
    marks = []
    with precision_scope(FLOAT64):
        for scene in every:
            for evaluator, g in zip(scene.evaluators, scene.g, strict=True):
                wrong = np.where(np.arange(len(g)) == np.argmax(np.abs(g)), 1.01 * g, g)
                said = [taylor_remainder(evaluator, each) for each in (g, wrong)]
                marks.append(
                    tuple("right" if "as with a right" in s else s and "wrong" for s in said)
                )
    figures = {
        f"right ones told right of {len(marks)}": sum(a == "right" for a, _ in marks),
        f"wrong ones told wrong of {len(marks)}": sum(b == "wrong" for _, b in marks),
        "told the opposite": sum((a == "wrong") + (b == "right") for a, b in marks),
    }
    return Outcome(figures, marks)


def stochastic(sizes: tuple[float, ...]) -> Outcome:
    marks = []
    for size in sizes:
        rng = np.random.default_rng(0)

        def value(x, size=size, rng=rng):
            return float(np.sum(np.asarray(x) ** 2) * (1 + size * rng.uniform(1, 2)))

        marks.append(
            gradcompare.check(value, lambda x: 2 * np.asarray(x), AT, points=1).verdict.name
        )
    return Outcome({f"called STOCHASTIC of {len(sizes)}": marks.count("STOCHASTIC")}, marks)


def loops(rounds: tuple[int, ...]) -> Outcome:
    marks = []
    for broken in rounds:

        def value(x, broken=broken):
            def step(total, k):
                safe = jnp.where(k == broken, jnp.sqrt(0 * total), total / 2 + x[0])
                return jnp.where(k == broken, total + 0 * safe, safe), None

            return jax.lax.scan(step, x[1] ** 2, jnp.arange(3000))[0]

        (result,) = gradcompare.check(
            value, lambda x: jnp.stack([2.0, 0 * x[1]]), AT[:2], points=1
        )
        marks.append([bool(f.line) for f in result.diagnosis if f.kind == "non-finite"])
    return Outcome({f"line named of {len(rounds)}": sum(any(m) for m in marks)}, marks)


EXPERIMENTS = {
    "bars": Experiment(
        families, bars, "The true error beside the bar, at 100 coordinates of each of 14 families "
        "(`families.py`; kinks, powers, ends and jumps at the point; 6 decimals), and the verdict "
        "with and without a planted error of ten detection floors.", "bars"),
    "verdicts": Experiment(
        judged, verdicts, "The estimates of the same families, judged as they are; with the "
        "gradient off by 1 to 16 bars in one coordinate, alone or together with autodiff; with "
        "differences off by 6 to 90 of their bars, as where these are small by chance; and "
        "without differences, with bars of 1 % to 30 % of the derivative.", "verdicts"),
    "names": Experiment(
        scenes, names, "Every fault of `detection.py` in " + ", ".join(SCENES) +
        ", each at its first size.", "diagnoses"),
    "lines": Experiment(
        every_line, lines, "The ladder alone, along functions of one number: kinks, kinks beside "
        "the point, jumps, powers, ends, scales and noise, each from easy to hopeless.", "lines"),
    "breaks": Experiment(
        breaks, lines, "The ladder alone, along sums of 1 to 3000 squared hinges, resonances "
        "down to a width of 1e-9, and even kinks with smooth terms beside them.", "lines"),
    "people": Experiment(
        people, estimates, "Estimates on the host: waves far from 0, noise, error rates, floor, "
        "and values in float16 and float32.", "estimates"),
    "ties": Experiment(
        every_tie, at_ties, "A maximum, an order statistic, a quantile, a median of up to 8 "
        "tied entries, a double eigenvalue, the length at 0, piecewise linear functions: elements "
        "of the generalised gradient, and vectors that are none.", "verdicts"),
    "steps": Experiment(
        every_step, at_steps, "Prices of options by simulation, error rates and rounded "
        "parameters of 1 to 20 numbers, which move by steps; narrow slopes, waves, kinks, tables "
        "and roots, which do not.", "functions"),
    "noises": Experiment(
        every_noise, noises, "16 values with noise of standard deviation 1 upon a slope, curves "
        "and a kink of all sizes, and noise that is uneven.", "levels"),
    "faint": Experiment(
        lambda: scenes(("ridge", "logistic")), faint, "Faults in ridge and logistic that are only "
        "just told: in few entries, with noise, near 1, near the point.", "diagnoses"),
    "autodiff": Experiment(
        traps, autodiff, "The traps in which autodiff is wrong, and two objectives in which it "
        "is right.", "results"),
    "branches": Experiment(
        lambda: BRANCHING, branches, "Seven functions with branches that an ordinary point does "
        "not reach, and a gradient that is wrong there.", "points and findings"),
    "located": Experiment(
        lambda: [(seed, count) for seed in range(6) for count in (0, 3, 15, 60)], located,
        "`locate` in Rosenbrock's function of 300 parameters on the host, a tenth of them at a "
        "bound, with 0, 3, 15 or 60 entries 1 % too large.", "searches"),
    "taylor": Experiment(
        scenes, taylor, "The Taylor remainder at three points of the objectives of `names`, "
        "with the right gradient and with its largest entry 1 % too large.", "points"),
    "stochastic": Experiment(
        lambda: tuple(10.0 ** -np.arange(1, 6, 0.5)), stochastic,
        "A value with noise of 1e-1 to 1e-5 of itself.", "values"),
    "loops": Experiment(
        lambda: (300, 700, 1500), loops, "A derivative that becomes NaN in one of 3000 rounds "
        "of a loop.", "derivatives"),
}  # fmt: skip
