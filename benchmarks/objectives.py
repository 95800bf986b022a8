"""How fast are gradients written by hand, compared with autodiff?

For each objective and size, the value, the hand-written gradient and `jax.grad` of the value are
compiled first and then timed by turns in float64. The main figure is the ratio of the medians of
the two gradients; beside it stand their ratios to the value.

    python benchmarks/objectives.py [--repeats 50] [--json FILE] [NAMES...]
"""

import dataclasses
import datetime
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import click
import jax
import numpy as np
from tabulate import tabulate

import gradcompare
from gradcompare._engine.environment import environment
from gradcompare._engine.timing import measure
from gradcompare._evaluation.compiled import CompiledFunction
from gradcompare._foundation.precision import FLOAT64, find_device, precision_scope
from gradcompare.objectives import gaussian_mixture

TARGET = 1.5
"""Largest wanted ratio of the times of a hand-written gradient and of `jax.grad`."""

SEED = 0


@dataclasses.dataclass(frozen=True)
class Row:
    """The times of one objective at one size."""

    objective: str
    size: str
    parameters: int
    seconds: Mapping[str, float]

    @property
    def ratio(self) -> float:
        """The time of the hand-written gradient divided by that of autodiff."""
        return self.seconds["analytic"] / self.seconds["autodiff"]

    @property
    def met(self) -> bool:
        return self.ratio <= TARGET

    def cost(self, method: str) -> float:
        """Returns the time of a gradient divided by that of the value."""
        return self.seconds[method] / self.seconds["value"]


def registered(name: str, *sizes: int) -> dict[str, Callable]:
    """Returns, by size, the function that draws parameters and data of an objective."""
    make = gradcompare.get_objective(name).make
    return {f"size {size}": lambda rng, size=size: make(rng, size) for size in sizes}


CASES: dict[str, dict[str, Callable]] = {
    "gaussian-mixture": {
        f"K = {K}, d = {d}, n = 1000": lambda rng, K=K, d=d: gaussian_mixture.draw(rng, K, d, 1000)
        for K, d in ((50, 20), (10, 20), (25, 10), (5, 2))
    },
    "softmax-regression": registered("softmax-regression", 10, 100, 1000),
    "tanh-network": registered("tanh-network", 5, 50, 100),
}
"""By objective and size, the function that draws parameters and data from a generator."""


def time_case(name: str, size: str, repeats: int) -> Row:
    """Times one objective at one size."""
    objective = gradcompare.get_objective(name)
    with precision_scope(FLOAT64):
        args = jax.device_put(CASES[name][size](np.random.default_rng(SEED)), find_device(None))
        functions = {
            "value": objective.value,
            "analytic": objective.gradient,
            "autodiff": jax.grad(objective.value),
        }
        calls = {
            key: CompiledFunction.build(function, args) for key, function in functions.items()
        }
        samples = measure(calls, repeats=repeats, min_seconds=0.5, max_seconds=10)
    seconds = {key: float(np.median(sample)) for key, sample in samples.items()}
    return Row(name, size, sum(map(np.size, jax.tree.leaves(args[0]))), seconds)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(CASES)))
@click.option("--repeats", type=click.IntRange(1), default=50, show_default=True)
@click.option("--json", "path", type=click.Path(dir_okay=False, path_type=Path))
def main(names: tuple[str, ...], repeats: int, path: Path | None) -> None:
    """Time gradients written by hand against autodiff: all, or the objectives called NAMES."""
    rows = []
    for name in names or CASES:
        click.echo(f"measuring: {name}", err=True)
        rows += [time_case(name, size, repeats) for size in CASES[name]]
    table = [
        (
            *(row.objective, row.size, row.parameters, f"{1e3 * row.seconds['value']:.3g}"),
            *(f"{row.cost('analytic'):.2f}", f"{row.cost('autodiff'):.2f}"),
            *(f"{row.ratio:.2f}", TARGET, "yes" if row.met else "NO"),
        )
        for row in rows
    ]
    print(tabulate(table, headers=_HEADS, disable_numparse=True, colalign=_ALIGN))
    figures = {
        "date": datetime.date.today().isoformat(),
        "environment": environment(find_device(None)),
        "rows": [dataclasses.asdict(row) | {"ratio": row.ratio, "met": row.met} for row in rows],
    }
    if path is not None:
        path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


_HEADS = (
    "objective", "size", "parameters", "value, ms", "by hand / value", "autodiff / value",
    "by hand / autodiff", "target", "met",
)  # fmt: skip
_ALIGN = ("left", "left") + ("right",) * (len(_HEADS) - 2)


if __name__ == "__main__":
    main()
