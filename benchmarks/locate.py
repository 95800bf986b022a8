"""The cost of finding wrong coordinates among very many: `python benchmarks/locate.py`.

The function is Rosenbrock's in NumPy, which autodiff cannot see, at a random point; entries of
its gradient are 1 % too large at random places. *2d* is the number of values that central
differences take; its seconds are that number times the time of one value. The judge of a check
takes five times as many values.
"""

import datetime
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
from tabulate import tabulate

import gradcompare
from gradcompare._engine.environment import environment
from gradcompare._foundation.precision import find_device

SIZES, FAULTS = (1_000, 10_000, 100_000, 1_000_000), (0, 1, 3, 10)


def value(x):
    x = np.asarray(x)
    return float(np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))


def gradient(x, wrong):
    """The gradient with the entries `wrong` 1 % too large."""
    x = np.asarray(x)
    r, g = x[1:] - x[:-1] ** 2, np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * r - 2 * (1 - x[:-1])
    g[1:] += 200 * r
    g[wrong] *= 1.01
    return g


@dataclass(frozen=True)
class Row:
    """The matches and the cost, the median of the repeats."""

    d: int
    faults: int
    found: int
    accused: int
    values: float
    directions: float
    seconds: float
    central_seconds: float
    floor: float


def row(d: int, count: int, repeats: int) -> Row:
    """Measures one size and number of faults; `found` and `accused` are sums over all repeats."""
    matches, accused, figures = 0, 0, []
    for seed in range(repeats):
        rng = np.random.default_rng([d, count, seed])
        x, wrong = rng.standard_normal(d), rng.choice(d, count, replace=False)
        start = time.perf_counter()
        located = gradcompare.locate(value, lambda x, w=wrong: gradient(x, w), x, seed=seed)
        seconds = time.perf_counter() - start
        matches += len(set(wrong.tolist()) & set(located.coordinates))
        accused += len(set(located.coordinates) - set(wrong.tolist()))
        cost = (located.evaluations, located.directions, seconds, 2 * d * _seconds(x))
        figures.append((*cost, located.floor / located.scale))
    return Row(d, count, matches, accused, *(float(m) for m in np.median(figures, axis=0)))


def _seconds(x: np.ndarray) -> float:
    """Measures the time of one value."""
    times = []
    for _ in range(9):
        start = time.perf_counter()
        value(x)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


@click.command()
@click.option("--repeats", type=click.IntRange(1), default=5, show_default=True)
@click.option("--json", "path", type=click.Path(dir_okay=False, path_type=Path))
def main(repeats: int, path: Path | None) -> None:
    """Measure the search for wrong coordinates."""
    rows = [row(d, count, repeats) for d in SIZES for count in FAULTS]
    heads = ("d", "faults", "found", "accused", "values of f", "directions", "s", "2d: s", "floor")
    print(tabulate([[*asdict(r).values()] for r in rows], heads, floatfmt=".4g"))
    figures = {
        "date": datetime.date.today().isoformat(),
        "environment": environment(find_device(None)),
        "repeats": repeats,
        "rows": [asdict(r) for r in rows],
    }
    if path is not None:
        path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
