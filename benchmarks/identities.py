"""How many wrong gradients does the line integral alone find? `python benchmarks/identities.py`.

The faults of `gradient_faults.py` and `faults_elsewhere.py` are planted in registered objectives,
and `gradcompare.integral` sees f and the wrong gradient alone: no autodiff, no differences.
*Found*: the answer is `wrong` or `inexact`. A *false alarm* is such an answer for the right
gradient. *No gradient*: of those found, the integral round the polygon shows that no function has
this gradient, which needs no f.

    python benchmarks/identities.py --every 10 [NAME...]
"""

from collections import Counter
from dataclasses import dataclass

import click
import jax
import numpy as np
from gradient_faults import planted
from scenes import Change, Row, Scene, make_scene
from tabulate import tabulate
from tqdm import tqdm

from gradcompare._api.registry import registered_objectives
from gradcompare._engine.identities.field import Field
from gradcompare._engine.identities.integral import LineIntegral, integral_of
from gradcompare._engine.settings import make_settings
from gradcompare._foundation.precision import FLOAT64, precision_scope

FOUND = ("wrong", "inexact")


@dataclass(frozen=True)
class Faulty(Field):
    """A field with a fault in its gradient."""

    change: Change | None = None

    def gradient(self, u, t):
        right = super().gradient(u, t)
        if self.change is None:
            return right
        return self.change(Row(self.evaluator.x + t * u, self.evaluator.problem.data, right))


def integrated(field: Field, change: Change | None) -> LineIntegral:
    """Returns the line integrals with a fault."""
    faulty = Faulty(field.evaluator, field.method, field.here, field.noise, change)
    return integral_of(faulty, 0.1, 4, 0)


def count(scene: Scene, every: int, counts: Counter) -> None:
    """Counts the answers for the right gradient of a scene, and for one in so many faults."""
    with precision_scope(FLOAT64):
        field = Field.at(scene.problems[0], make_settings(["analytic"]))
        counts["right", integrated(field, None).answer] += 1
        for number, fault in enumerate(planted(scene)):
            wrong = fault.change(scene.spots[0][0])
            same = not np.all(np.isfinite(wrong)) or np.array_equal(wrong, scene.g[0])
            if number % every or same:
                continue
            result = integrated(field, fault.change)
            counts[fault.group, result.answer] += 1
            found = result.answer in FOUND
            counts["no gradient"] += found and result.is_no_gradient


def table(counts: Counter) -> str:
    """Returns the answers for each group of faults."""
    answers = ("wrong", "inexact", "right", "undecided", "jumps")
    groups = dict.fromkeys(key[0] for key in counts if isinstance(key, tuple))
    rows = [[group, *(counts[group, answer] for answer in answers)] for group in groups]
    faults = [row for row in rows if row[0] != "right"]
    rows.append(["all faults", *(sum(row[k] for row in faults) for k in range(1, 6))])
    found, total = sum(rows[-1][1:3]), sum(rows[-1][1:])
    share = f"found: {found} of {total} ({100 * found / max(total, 1):.1f} %)"
    closed = f"no gradient of anything: {counts['no gradient']} of them"
    return "\n".join([tabulate(rows, ["fault", *answers]), share, closed])


@click.command()
@click.argument("names", nargs=-1)
@click.option("--every", type=click.IntRange(1), default=10, show_default=True)
@click.option("--largest", default=100, show_default=True, help="Largest number of coordinates.")
def main(names: tuple[str, ...], every: int, largest: int) -> None:
    """Print how many wrong gradients of registered objectives the line integral finds."""
    counts: Counter = Counter()
    for name, objective in tqdm(registered_objectives().items()):
        chosen = not names or name in names
        plain = objective.gradient is not None and objective.convention.plain
        if not chosen or not plain or objective.expected.name != "AGREE":
            continue
        scene = make_scene(objective, objective.sizes[0], "float64")
        if scene.d <= largest and scene.result.verdict.ok:
            count(scene, every, counts)
        jax.clear_caches()
    print(table(counts))


if __name__ == "__main__":
    main()
