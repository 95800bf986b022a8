"""Other tools, with their default settings, on the families of `families.py`.

*Estimators* return a derivative along single coordinates and its error: `numdifftools.Derivative`,
`jacobi.jacobi` (its error is one standard deviation), `scipy.differentiate.derivative`. *Covered*
is the share of coordinates whose true error is within the stated error (at a kink, every value
between the one-sided slopes is right), *worst* the largest ratio of true to stated error,
*bar/error* the median of the inverse where there is an error. NaN and exceptions cover nothing.

*Checkers* return a verdict on a whole hand-written gradient: `gradcompare.check` with three
sources, and (2) without autodiff, which the others do not use; `torch.autograd.gradcheck` (slow
mode), `jax.test_util.check_grads` (order 1, reverse), `scipy.optimize.check_grad` if its result is
at most 1e-6, the rule that SciPy states for `check_derivative`. A *false alarm* is a right
gradient that does not pass, by any verdict or exception. Beside it stand the wrong gradients that
pass: one nonzero coordinate is multiplied by 1.01, −1 or 1.0001. A tool that accuses all misses
none.

All call the same float64 function of JAX, at the points of `calibration.py`. Up to `LARGE`
coordinates, `gradcompare` also looks around them. Its verdict on the right gradient is that of
`check`; it votes on wrong ones with the estimates of that run. The versions are printed.

    python benchmarks/peers.py [--points 4] [--coordinates 60] [--json FILE] [FAMILY...]
"""

import functools
import json
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import checkers
import click
import jax
import numpy as np
from families import FAMILIES, Data, Family
from tabulate import tabulate

import gradcompare
from gradcompare._results.data import PointResult
from gradcompare._results.judgement.judge import judge

ESTIMATORS = ("gradcompare", "numdifftools", "jacobi", "scipy")
CHECKERS = ("gradcompare", "gradcompare (2)", "torch", "jax", "scipy")
FAULTS = {"x1.01": 1.01, "x-1": -1.0, "x1.0001": 1.0001}
LARGE = 1000
VERDICT = ("seconds", "false alarms", "points", "planted", *FAULTS)
VERSIONS = checkers.versions(ESTIMATORS + CHECKERS)


class Problem:
    """One point of one family, the compiled objective and its hand-written gradient there."""

    def __init__(self, family: Family, number: int, value: Callable, share: int) -> None:
        self.family = family
        self.x, self.data = family.make(np.random.default_rng([0, number]), family.d)
        self.gradient = np.array(family.objective().gradient(self.x, self.data))
        self.calls, there = 0, jax.device_put(self.data)
        self.value = lambda x: float(value(x, there))
        rng, able = np.random.default_rng([0, number, 1]), np.flatnonzero(self.gradient)
        self.coordinates = rng.choice(family.d, min(share, family.d), replace=False)
        self.wrong = rng.choice(able) if able.size else None

    @functools.cached_property
    def ours(self) -> gradcompare.Comparison:
        objective = self.family.objective()
        return gradcompare.check(
            lambda x, a, w: objective.value(x, Data(a, w)),
            lambda x, a, w: objective.gradient(x, Data(a, w)),
            self.x,
            *self.data,
            **({"points": 1} if self.family.d > LARGE else {}),
        )

    def along(self, i: int) -> Callable:
        """The objective as a function of coordinate i, of a number or an array of them."""
        x = self.x.copy()

        def value(t):
            x[i] = t
            self.calls += 1
            return self.value(x)

        return np.vectorize(value, otypes=[float])

    def error(self, value: float, i: int) -> float:
        """Returns the distance of `value` from the exact slopes on both sides of coordinate i."""
        beside = np.where(self.x == 0, np.nextafter(0.0, 1.0), 0.0)
        sides = [self.family.exact(self.x + s * beside, self.data)[i] for s in (-1, 1)]
        return float(np.maximum(0, np.maximum(min(sides) - value, value - max(sides))))


def make_problems(family: Family, points: int, coordinates: int) -> list[Problem]:
    count, value = 1 if family.d > LARGE else points, jax.jit(family.objective().value)
    return [Problem(family, number, value, -(-coordinates // count)) for number in range(count)]


def derivative(tool: str, problem: Problem, i: int) -> tuple:
    """Returns the derivative of a tool at one coordinate, and its error."""
    match tool:
        case "gradcompare":
            estimate = problem.ours.results[0].points[0].estimates["richardson"]
            problem.calls = estimate.evaluations / problem.family.d
            return estimate.value[i], estimate.error[i]
        case "numdifftools":
            slope = import_module(tool).Derivative(problem.along(i), full_output=True)
            return slope(problem.x[i])[:2]
        case "jacobi":
            return import_module(tool).jacobi(problem.along(i), problem.x[i])
    result = import_module("scipy.differentiate").derivative(problem.along(i), problem.x[i])
    return result.df, result.error


def passes(tool: str, problem: Problem, factor: np.ndarray) -> bool:
    """Returns whether a tool accepts the hand-written gradient times `factor`."""
    wrong, objective = problem.gradient * factor, problem.family.objective()
    if tool in checkers.CHECKERS:
        traced = functools.partial(objective.value, data=problem.data)
        return checkers.accepts(tool, problem.value, traced, problem.x, wrong)
    if tool == "gradcompare" and np.all(factor == 1):
        return problem.ours.ok
    return all(vote(p, factor, tool == "gradcompare") for p in problem.ours.results[0].points)


def vote(point: PointResult, factor: np.ndarray, autodiff: bool) -> bool:
    hand, differences = point.estimates["analytic"], point.estimates["richardson"]
    wrong = replace(hand, value=hand.value * factor, error=hand.error * abs(factor))
    third = {"autodiff": point.estimates["reverse"]} if autodiff else {}
    return judge(point.value, {"analytic": wrong, "differences": differences} | third).verdict.ok


def estimates(problem: Problem, tool: str) -> Iterator[tuple]:
    """Yields the seconds, the true error, the bar and the evaluations for each coordinate."""
    for i in problem.coordinates:
        problem.calls, start = 0, time.perf_counter()
        try:
            slope, bar = map(float, derivative(tool, problem, i))
        except Exception:
            slope = bar = np.nan
        yield time.perf_counter() - start, problem.error(slope, i), bar, problem.calls


def accuracy(rows: np.ndarray) -> dict:
    """Returns the figures of one estimator, None where there is nothing to judge."""
    seconds, error, bar, evaluations = rows.T
    valid = np.isfinite(error) & np.isfinite(bar)
    off, within = valid & (error > 0), [valid & (error <= bars * bar) for bars in (1, 10)]
    with np.errstate(divide="ignore"):
        worst, sharpness = np.max(error[off] / bar[off], initial=0.0), bar[off] / error[off]
    means = {"covered": within[0], "covered by ten bars": within[1]}
    means |= {"failures": ~valid, "evaluations": evaluations, "seconds": seconds}
    return {name: float(np.mean(values)) for name, values in means.items()} | {
        "worst": float(worst) if valid.any() else None,
        "bar/error": float(np.median(sharpness)) if off.any() else None,
        "coordinates": len(rows),
    }


def verdicts(problem: Problem, tool: str) -> Iterator[tuple]:
    """Yields the columns of `VERDICT`; that of a fault says whether it was missed."""

    def passed(size: float) -> bool:
        factor = np.ones(problem.family.d)
        factor[problem.wrong or 0] = size
        try:
            return bool(passes(tool, problem, factor))
        except Exception:
            return False

    start, able = time.perf_counter(), problem.wrong is not None
    alarm, seconds = not passed(1.0), time.perf_counter() - start
    yield seconds, alarm, 1, able, *(able and passed(size) for size in FAULTS.values())


def tally(rows: np.ndarray) -> dict:
    return dict(zip(VERDICT, rows.sum(axis=0).tolist(), strict=True))


def collect(tools: Iterable[str], problems: dict, rows: Callable, figures: Callable) -> dict:
    """Returns the figures of each installed tool, for each family and for all together."""
    result = {}
    for tool in tools:
        if tool.split()[0] not in VERSIONS:
            print(f"{tool} is not installed, and left out")
            continue
        table = {f: np.array([r for p in g for r in rows(p, tool)]) for f, g in problems.items()}
        table["all"] = np.concatenate(list(table.values()))
        result[tool] = {name: figures(array) for name, array in table.items()}
    return result


def cell(row: dict, head: str) -> str:
    value = row[head]
    if "points" in row:
        return f"{value:.0f}/{row['planted' if head in FAULTS else 'points']:.0f}"
    return "" if value is None else f"{value:.0%}" if head == "covered" else f"{value:.2g}"


def show(tools: dict, heads: tuple[str, ...]) -> None:
    """Prints a line for each family, with the tools side by side, and the sums of each tool."""
    names = [f"{tool}\n{h}" if h == heads[0] else f"\n{h}" for tool in tools for h in heads]
    body = [
        [family, *(cell(table[family], h) for table in tools.values() for h in heads)]
        for family in next(iter(tools.values()))
    ]
    align = ("left",) + ("right",) * len(names)
    print("\n" + tabulate(body, ["", *names], disable_numparse=True, colalign=align), "\n")
    for tool, table in tools.items():
        sums = ", ".join(f"{what} {value or 0:.4g}" for what, value in table["all"].items())
        print(f"{tool} {VERSIONS[tool.split()[0]]}: {sums}")


@click.command()
@click.argument("names", nargs=-1)
@click.option("--points", default=4, show_default=True, help="Problems per family.")
@click.option(
    "--coordinates", default=60, show_default=True, help="Coordinates estimated per family."
)
@click.option("--json", "path", type=click.Path(path_type=Path))
def main(names: tuple[str, ...], points: int, coordinates: int, path: Path | None) -> None:
    """Print how other tools judge the families."""
    jax.config.update("jax_enable_x64", True)
    warnings.simplefilter("ignore")
    chosen = [f for f in FAMILIES if not names or any(name in f.name for name in names)]
    problems = {family.name: make_problems(family, points, coordinates) for family in chosen}
    checkers = collect(CHECKERS, problems, verdicts, tally)
    estimators = collect(ESTIMATORS, problems, estimates, accuracy)
    show(estimators, ("covered", "worst", "bar/error"))
    show(checkers, ("false alarms", *FAULTS))
    if path is not None:
        body = {"versions": VERSIONS, "estimators": estimators, "checkers": checkers}
        text = json.dumps(body, indent=1).replace("Infinity", "null") + "\n"
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
