"""Are wrong gradients detected, and are the faults named correctly?

Every fault of `gradient_faults.py`, `faults_elsewhere.py` and `term_faults.py` is planted in every
registered objective, at the points of `check`. The *clean* tier consists of the right gradients.

- *Above*: the fault is larger than ten detection floors of the check of the right gradient, in a
  verified coordinate. Only such a fault can be *missed*.
- *Named*: every kind of finding in the report describes exactly these numbers (`names.py`).
- *Line*: for a term dropped, doubled, halved or of the wrong sign, the reported file and line hold
  its operand.

Everything that does not depend on the fault is computed once (`scenes.py`). One in `--whole`
faults also goes through a whole check, which must give the same verdict and findings. The dtype
is that of the numbers; all are judged in float64. Other tools get the same wrong gradient at the
first point (`checkers.py`).

    python benchmarks/detection.py [--sizes 2] [--dtype float64] [--jobs 1] [--json FILE] [NAME...]

With `--quantity`, other derivatives are wrong (`matrix_faults.py`).

    python benchmarks/detection.py --quantity jacobian|hessian|hvp|jvp|vjp [NAME...]

Without names, the shipped tier (`detection_shipped.py`) is judged as well; its own name is
`shipped`.
"""

import multiprocessing
from functools import partial
from pathlib import Path

import checkers
import click
import numpy as np
from detection_cases import Case, cases_of
from detection_shipped import shipped_cases
from detection_tables import as_json, misnamed, tables
from matrix_faults import judged
from matrix_faults import table as matrix_table
from scenes import make_scene
from tqdm import tqdm

from gradcompare._api.registry import registered_objectives
from gradcompare._foundation.layout import Layout

SHIPPED = "shipped"

LARGEST = 1000
"""Largest number of coordinates of an objective."""


def work(name: str, size: int, dtype: str, tools: tuple[str, ...], whole: int) -> list[Case]:
    """Returns all cases of one objective, size and dtype, or one case with the failure."""
    try:
        scene = make_scene(registered_objectives()[name], size, dtype)
        return list(cases_of(scene, tools, whole))
    except Exception as error:
        message = f"{type(error).__name__}: {error}".partition("\n")[0]
        return [Case(name, size, dtype, "failed", "", False, "ERROR", False, sentence=message)]


def work_on(task: tuple) -> list[Case]:
    return work(*task)


def chosen_sizes(name: str, count: int) -> list[int]:
    """Returns the first sizes of an objective that are not too large."""
    objective = registered_objectives()[name]

    def small(size):
        return Layout.of(objective.make(np.random.default_rng(0), size)[0]).size <= LARGEST

    return [size for size in objective.sizes[:count] if small(size)]


def run(tasks: list[tuple], jobs: int) -> list[Case]:
    """Works through the tasks in processes of their own, or in this one."""
    shown = partial(tqdm, total=len(tasks), disable=None)
    if jobs == 1:
        return [case for task in shown(tasks) for case in work(*task)]
    # Processes keep their compiled programs, so each does only some tasks. In Python 3.11, the
    # executors of concurrent.futures hang when processes are replaced.
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=20) as pool:
        return [case for cases in shown(pool.imap(work_on, tasks)) for case in cases]


@click.command()
@click.argument("names", nargs=-1)
@click.option(
    "--quantity",
    default="gradient",
    show_default=True,
    type=click.Choice(["gradient", "jacobian", "hessian", "hvp", "jvp", "vjp"]),
)
@click.option("--sizes", default=2, show_default=True, help="Number of sizes per objective.")
@click.option("--dtype", "dtypes", multiple=True, default=["float64"], show_default=True)
@click.option(
    "--whole", default=20, show_default=True, help="Check one in this many in full; 0: none."
)
@click.option("--peers/--no-peers", default=True, show_default=True)
@click.option("--jobs", default=1, show_default=True, help="Processes.")
@click.option("--misnamed", "listed", type=click.Path(path_type=Path), help="List them in a file.")
@click.option("--json", "path", type=click.Path(path_type=Path))
def main(names, quantity, sizes, dtypes, whole, peers, jobs, listed, path) -> None:
    """Print how many wrong gradients are detected and named correctly."""
    if quantity != "gradient":
        print(matrix_table(judged(quantity, names)))
        return
    chosen = [n for n in registered_objectives() if not names or n in names]
    chosen = [n for n in chosen if registered_objectives()[n].gradient is not None]
    installed = checkers.versions(checkers.CHECKERS)
    tools = tuple(t for t in checkers.CHECKERS if peers and checkers.package(t) in installed)
    tasks = [
        (name, size, dtype, tools, whole)
        for name in chosen
        for size in chosen_sizes(name, sizes)
        for dtype in dtypes
    ]
    cases = run(tasks, jobs)
    if not names or SHIPPED in names:
        cases += shipped_cases(tools)
    print(tables(cases, tools))
    if listed is not None:
        listed.write_text(misnamed(cases), encoding="utf-8")
    if path is not None:
        path.write_text(as_json(cases, installed), encoding="utf-8")


if __name__ == "__main__":
    main()
