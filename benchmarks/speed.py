"""Speed and memory of gradcompare: `python benchmarks/speed.py [--json FILE] [NAMES...]`.

Where possible, the figure is a ratio of medians whose two sides are timed by turns in this run:
seconds alone would show more about the machine and its other programs than about the package.
Waiting times and memory of a user are measured in separate processes, in seconds and bytes.
"""

import dataclasses
import datetime
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click
import jax
import jax.numpy as jnp
import numpy as np
from tabulate import tabulate

import gradcompare
from gradcompare._engine.environment import environment
from gradcompare._engine.settings import make_settings
from gradcompare._engine.timing import measure
from gradcompare._evaluation.compiled import CompiledFunction
from gradcompare._evaluation.evaluator import Evaluator
from gradcompare._evaluation.function import AbstractFunction
from gradcompare._foundation.precision import FLOAT64, precision_scope
from gradcompare._model.problem import Problem
from gradcompare.methods._registry import find_method
from gradcompare.objectives.lecture import Data

N = D = 1000
"""Rows and parameters of the mean squared error."""

CENTRAL, JUDGE = find_method("central"), find_method("richardson")
PLAN = make_settings([CENTRAL])

SWEPT = {"rosenbrock": 1000, "tanh-network": 100}
"""Objectives and sizes for which fixed chunks do badly: 1000 cheap points, 10503 parameters."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One figure, its upper limit (None: no limit), and the measurements behind it."""

    what: str
    measured: float
    target: float | None
    unit: str = "x"
    detail: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def met(self) -> str:
        if self.target is None:
            return ""
        return "yes" if self.measured <= self.target else "NO"


@dataclasses.dataclass(frozen=True)
class FixedChunk(Evaluator):
    """An evaluator with a fixed chunk instead of a chosen one."""

    chunk: int = 1


def mean_squared_error(repeats: int) -> Iterator[Row]:
    """Times the plain central difference where matrix products bound it, and the judge.

    2d values of 2nd operations each are 4nd² operations. Matrix products cannot do them faster
    than at the rate of one large product, which is timed by turns with them.
    """
    objective = gradcompare.get_objective("empirical-risk")
    rng = np.random.default_rng(0)
    data = Data(rng.standard_normal((N, D)), rng.standard_normal(N))
    problem = Problem.at(objective, rng.standard_normal(D), data, "drawn")
    with precision_scope(FLOAT64):
        evaluator = _programs(problem)
        factors = jax.device_put((data.X, data.X.T), PLAN.device)
        calls = {
            "product": CompiledFunction.build(lambda a, b: a @ b, factors),
            "central": _central(evaluator),
            "judge": partial(JUDGE.estimate, evaluator),
        }
        seconds = _medians(measure(calls, repeats=3 * repeats, min_seconds=1, max_seconds=5))
        evaluations = JUDGE.estimate(evaluator).evaluations
    central, judge, product = (seconds[name] for name in ("central", "judge", "product"))
    bound = 4 * N * D**2 / (2 * N * D * N / product)
    detail = {"seconds": seconds, "chunk": evaluator.chunk, "judge_evaluations": evaluations}
    case = f"mean squared error, n = d = {D}"
    yield Row(f"{case}: central / 4nd² flops", central / bound, 1.5, detail=detail)
    yield Row(f"{case}: judge / central", judge / central, 6, detail=detail)


def chunks(repeats: int) -> Iterator[Row]:
    """Times the chosen chunk and the best of all fixed ones: powers of two, and all points.

    The fastest of many noisy medians owes part of its lead to luck. So it is timed once more, by
    turns with the chosen one, for the ratio.
    """
    for name, size in SWEPT.items():
        objective = gradcompare.get_objective(name)
        problem = Problem.at(objective, *objective.make(np.random.default_rng(0), size), "drawn")
        with precision_scope(FLOAT64):
            evaluator = _programs(problem)
            start = time.perf_counter()
            chosen = evaluator.chunk
            choosing = time.perf_counter() - start
            points = 2 * problem.layout.size
            sweep = [2**k for k in range(points.bit_length()) if 2**k < points] + [points]
            calls = {c: _central(_programs(problem, FixedChunk, chunk=c)) for c in sweep}
            calls[chosen] = _central(evaluator)
            swept = _medians(measure(calls, repeats=repeats, min_seconds=0.2, max_seconds=3))
            best = min(swept, key=swept.__getitem__)
            pair = {chunk: calls[chunk] for chunk in (chosen, best)}
            final = _medians(measure(pair, repeats=3 * repeats, min_seconds=1, max_seconds=10))
        detail = {"choosing": choosing, "sweep": dict(sorted(swept.items())), "final": final}
        what = f"{name}, d = {problem.layout.size}: chunk of {chosen} / best ({best})"
        yield Row(what, final[chosen] / final[best], 1.3, detail=detail)


LARGE = """
import re, time
import numpy as np, jax.numpy as jnp, gradcompare

def rosenbrock(x):
    return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

x0 = np.random.default_rng(0).standard_normal(10**5)
start = time.perf_counter()
gradcompare.estimate(rosenbrock, x0, method="central")
print(time.perf_counter() - start)
print(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1])
"""
"""`ru_maxrss` would include the peak of this process, because Linux keeps it through exec."""


def memory(_: int) -> Iterator[Row]:
    """Measures peak memory and time of a process that computes one gradient at d = 10⁵."""
    seconds, kibibytes = map(float, _python("-c", LARGE).split())
    yield Row("rosenbrock, d = 100000: peak of process", kibibytes / 2**20, 1, "GiB")
    yield Row("rosenbrock, d = 100000: central", seconds, None, "s")


CHECK = """
import time
import gradcompare, jax, jax.numpy as jnp, numpy as np

start = time.perf_counter()
comparison = gradcompare.check(lambda x: jnp.sum(jnp.sin(x)), jnp.cos, np.arange(1.0, 6.0))
print(time.perf_counter() - start)
assert comparison.ok
"""


def cold(repeats: int) -> Iterator[Row]:
    """Measures waiting times in new processes, by turns, without a compilation cache.

    The first process after a restart also reads from the disk; the median ignores it.
    """
    commands = {"run": 20.0, "--help": 0.3, "list": 1.5}
    seconds: dict[str, list[float]] = {name: [] for name in (*commands, "check")}
    for _ in range(repeats):
        for name in commands:
            start = time.perf_counter()
            _python("-m", "gradcompare", name)
            seconds[name].append(time.perf_counter() - start)
        seconds["check"].append(float(_python("-c", CHECK)))
    for name, target in {**commands, "check": 0.5}.items():
        what = "check(), d = 5, after import" if name == "check" else f"gradcompare {name}"
        median = float(np.median(seconds[name]))
        yield Row(f"{what}, cold", median, target, "s", {"seconds": seconds[name]})


def evaluations(_: int) -> Iterator[Row]:
    """Counts the values of f per coordinate and point for the judge, at the default sizes.

    The number of values for the noise of f is constant: it matters for few coordinates.
    """
    comparison = gradcompare.compare(methods=[JUDGE], timing=False)
    cost = {}
    for case in comparison:
        evaluations = sum(point.estimates[JUDGE.name].evaluations for point in case.points)
        cost[case.objective] = evaluations / len(case.points) / case.d
    worst = max(cost, key=cost.__getitem__)
    median = float(np.median(list(cost.values())))
    yield Row("judge: values per coordinate, median", median, None, "", {"cost": cost})
    yield Row(f"judge: values per coordinate, most ({worst})", cost[worst], None, "")


def repeats_of_a_user(repeats: int) -> Iterator[Row]:
    """Times calls that a user repeats with a new function object of a known program.

    The yardstick is a loop of central differences that is compiled once, as one writes it by hand.
    """
    for n, d in ((100, 10), (N, 100), (N, D)):
        rng = np.random.default_rng(0)
        X, y = rng.standard_normal((n, d)) / d**0.5, 1.0 * (rng.random(n) < 0.5)
        args = (rng.standard_normal(d), X, y)
        gradient = gradcompare.numerical_gradient(_logistic)
        calls: dict[str, Callable[[], object]] = {
            "loop": _by_hand(args),
            "numerical_gradient": lambda g=gradient, a=args: g(*a),
        }
        for method in ("central", "richardson"):
            calls[f"estimate, {method}"] = lambda m=method, a=args: gradcompare.estimate(
                lambda *each: _logistic(*each), *a, method=m
            )
        if d < D:
            calls["check"] = lambda a=args: gradcompare.check(
                lambda *each: _logistic(*each), lambda *each: _slope(*each), *a
            )
        seconds = _medians(measure(calls, repeats=3 * repeats, min_seconds=0.3, max_seconds=5))
        for name in list(calls)[1:]:
            what = f"logistic regression, n = {n}, d = {d}: {name}"
            ratio = seconds[name] / seconds["loop"]
            yield Row(f"{what} / loop by hand", ratio, TARGETS.get((name, d)), detail=seconds)
            yield Row(what, 1e3 * seconds[name], MILLISECONDS.get((name, d)), "ms")


TARGETS = {
    ("estimate, central", 100): 2.0,
    ("estimate, central", D): 2.0,
    ("estimate, richardson", 100): 8.0,
    ("estimate, richardson", D): 8.0,
}
"""Largest ratios to the loop by hand."""

MILLISECONDS = {("estimate, richardson", 10): 10.0, ("check", 100): 60.0}
"""Longest times."""


def _logistic(w, X, y):
    z = X @ w
    return jnp.sum(jnp.log1p(jnp.exp(z)) - y * z)


def _slope(w, X, y):
    return X.T @ (jax.nn.sigmoid(X @ w) - y)


def _by_hand(args: tuple[np.ndarray, ...]) -> Callable[[], object]:
    """Returns a call of central differences in one compiled loop, with its data on the device."""

    def loop(w, X, y):
        h = 6e-6 * jnp.maximum(jnp.abs(w), 1)

        def quotient(i):
            up, down = w.at[i].add(h[i]), w.at[i].add(-h[i])
            return (_logistic(up, X, y) - _logistic(down, X, y)) / (2 * h[i])

        return jax.lax.map(quotient, jnp.arange(w.size))

    with precision_scope(FLOAT64):
        placed = jax.device_put(args, PLAN.device)
        program = jax.jit(loop).lower(*placed).compile()

    def call():
        with precision_scope(FLOAT64):
            return jax.block_until_ready(program(*placed))

    return call


def _programs(problem: Problem, kind: type[Evaluator] = Evaluator, **fields: int) -> Evaluator:
    return kind(problem, FLOAT64, PLAN.device, PLAN.memory_bytes, **fields)


def _central(evaluator: Evaluator) -> AbstractFunction:
    """Returns the compiled central difference, as the engine obtains it."""
    CENTRAL.estimate(evaluator)
    return evaluator.functions[CENTRAL]


def _medians(samples: Mapping[Any, np.ndarray]) -> dict[Any, float]:
    return {name: float(np.median(seconds)) for name, seconds in samples.items()}


def _python(*arguments: str) -> str:
    """Runs Python in a new process, which must succeed, and returns its output."""
    env = {**os.environ, "JAX_ENABLE_COMPILATION_CACHE": "false"}
    return subprocess.check_output([sys.executable, *arguments], env=env, text=True)


SECTIONS: dict[str, Callable[[int], Iterator[Row]]] = {
    "mse": mean_squared_error,
    "chunks": chunks,
    "repeated": repeats_of_a_user,
    "memory": memory,
    "cold": cold,
    "evaluations": evaluations,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(SECTIONS)))
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
@click.option("--json", "path", type=click.Path(dir_okay=False, path_type=Path))
def main(names: tuple[str, ...], repeats: int, path: Path | None) -> None:
    """Measure the speed and memory of gradcompare: all, or the parts called NAMES."""
    rows = []
    for name in names or SECTIONS:
        click.echo(f"measuring: {name}", err=True)
        rows += SECTIONS[name](repeats)
    table = [(row.what, f"{row.measured:.3g} {row.unit}", row.target, row.met) for row in rows]
    print(tabulate(table, headers=("what", "measured", "target", "met")))
    for row in rows:
        sweep = [f"{k}: {1e3 * s:.3g}" for k, s in row.detail.get("sweep", {}).items()]
        if sweep:
            print(f"\n{row.what}; the sweep, in ms: {', '.join(sweep)}")
    figures = {
        "date": datetime.date.today().isoformat(),
        "environment": environment(PLAN.device),
        "rows": [{**dataclasses.asdict(row), "met": row.met} for row in rows],
    }
    if path is not None:
        path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
