"""The command `gradcompare scan`.

The function imports what needs JAX, so that `--help` does not load it.
"""

import os
import sys
from pathlib import Path

import click

from .check import AGREE, DISAGREE, RESULT
from .output.files import require_writable

HELP = """Find wrong derivatives by autodiff in the functions of TARGETS.

\b
gradcompare scan jax.numpy jax.scipy.special
gradcompare scan my_package.losses:focal_loss --json scan.jsonl
gradcompare scan my_package --baseline scan.jsonl

A target is an importable module or package, or one function or class in it. Every public
function is called, at ordinary and special numbers, so it should have no effects. With mpmath
installed (pip install "gradcompare[scan]"), the truth has 50 digits and more.

Exit code 0: no fault, or none that the baseline does not hold; 1: a fault; 2: the input cannot
be used.
"""


@click.command("scan", help=HELP)
@click.argument("targets", nargs=-1, required=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the points.")
@click.option("--jobs", type=click.IntRange(1), help="Number of processes; default: one per core.")
@click.option(
    "--baseline",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of --json; show only faults that it does not hold.",
)
@click.option("--json", "path", type=RESULT, help="File of the functions, which is resumed.")
@click.option("--fresh", is_flag=True, help="Empty the file first.")
@click.option("-v", "--verbose", is_flag=True, help="Show causes and reproducers.")
def scan_command(targets, jobs, baseline, path, verbose, **options) -> None:
    from tqdm import tqdm

    from .._api.scan.api import scan

    if path is not None:
        require_writable(path)
    sys.path.insert(0, os.getcwd())
    with tqdm(disable=None, leave=False, file=sys.stderr) as bar:

        def progress(name: str, done: int, total: int) -> None:
            bar.total, bar.n = total, done
            bar.set_description(name)

        result = scan(
            targets,
            jobs=jobs or os.cpu_count() or 1,
            baseline=baseline,
            file=path,
            progress=progress,
            **options,
        )
    click.echo(str(result))
    if verbose:
        for fault in result.faults:
            click.echo(f"\n{fault}")
    if result.resumed:
        click.echo(f"{result.resumed} functions were in {path} before; --fresh examines anew")
    sys.exit(AGREE if result.ok else DISAGREE)
