"""The command `gradcompare bench`.

The function imports what needs JAX, so that `--help` does not load it.
"""

import math
import sys
from pathlib import Path

import click

from ..._foundation.errors import require_between
from ..check import AGREE, RESULT
from ..output.terminal import progress_bar

HELP = """Measure time, accuracy and memory of each method against the size of NAMES.

\b
gradcompare bench ridge rosenbrock
gradcompare bench my_file.py:OBJECTIVE --largest 1000 --dtype float64 --dtype float32
gradcompare bench ridge --size 10 --size 100 --out before.jsonl

NAMES are those of gradcompare run; without them, every registered objective is measured. Each
figure is written to a file of JSON lines when it is measured. After an interruption, the same
command goes on where it stopped. Compare two files with gradcompare diff.

Exit code 0: measured; 2: the input cannot be used.
"""


@click.command("bench", help=HELP)
@click.argument("names", nargs=-1)
@click.option(
    "--method",
    "methods",
    multiple=True,
    help="value or a method, in place of the usual ones. May be repeated.",
)
@click.option("--size", "sizes", type=int, multiple=True, help="A size. May be repeated.")
@click.option(
    "--largest", type=int, default=10_000, show_default=True, help="Last size without --size."
)
@click.option("--dtype", "dtypes", multiple=True, help="Default: float64. May be repeated.")
@click.option("--device", "devices", multiple=True, help="Default: cpu, and gpu if there is one.")
@click.option(
    "--seconds", type=float, default=10.0, show_default=True, help="Longest time of one figure."
)
@click.option(
    "--memory", type=float, default=2.0, show_default=True, help="Most memory of it, in GiB."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of random numbers.")
@click.option(
    "--out", type=RESULT, default="bench.jsonl", show_default=True, help="File of the figures."
)
@click.option("--fresh", is_flag=True, help="Empty the file first.")
@click.option("--csv", type=RESULT, help="Also write the figures into this file.")
def bench_command(names, methods, sizes, dtypes, devices, memory, out, csv, **options):
    from ..._api.bench.api import METHODS, bench

    require_between("--memory", memory, 0, math.inf, "a positive number of GiB")
    with progress_bar() as (_, progress):
        figures = bench(
            names or None,
            methods or METHODS,
            sizes=sizes or None,
            dtypes=dtypes or ("float64",),
            devices=devices or None,
            memory_bytes=int(memory * 2**30),
            file=out,
            progress=progress,
            **options,
        )
    click.echo(str(figures))
    click.echo(f"\n{_counted(figures, out)}")
    if csv is not None:
        figures.to_csv(csv)
    sys.exit(AGREE)


def _counted(figures, out: Path) -> str:
    """Returns a line on the file, and on what it held before."""
    total, before = len(figures.records), figures.resumed
    line = f"{total} figures in {out}"
    return f"{line}, {before} of them measured before; --fresh measures anew" if before else line
