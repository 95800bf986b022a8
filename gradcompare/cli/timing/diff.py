"""The command `gradcompare diff`.

The function imports what needs JAX, so that `--help` does not load it.
"""

import sys
from pathlib import Path

import click

from ..check import AGREE, DISAGREE

HELP = """Compare two files of gradcompare bench: what became slower or less accurate.

A figure is slower if its time grew beyond its interval, to which the state of the machine belongs,
and by more than the tolerance.

Exit code 0: nothing became worse; 1: something did, or fails that did not; 2: a file cannot be
used.
"""

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("diff", help=HELP)
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
@click.option(
    "--tolerance",
    type=click.FloatRange(0),
    default=0.1,
    show_default=True,
    help="Relative slowdown that does not count.",
)
def diff_command(old: Path, new: Path, tolerance: float) -> None:
    from ..._api.bench.diff import changes
    from ..._api.bench.result import Bench

    outcome = changes(Bench.read(old), Bench.read(new), tolerance=tolerance)
    click.echo(str(outcome))
    sys.exit(AGREE if outcome.ok else DISAGREE)
