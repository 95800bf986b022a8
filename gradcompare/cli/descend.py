"""The command `gradcompare descend`.

The functions import what needs JAX, so that `--help` does not load it.
"""

import sys
from pathlib import Path
from typing import Any

import click

from .check import AGREE, DISAGREE
from .output.files import JSON, aside, require_writable, write_then_print

NAMED = ("at", "shapes", "domains", "parameters")
"""The options that say what a function of the user's own is called with."""

HELP = """Descend with the gradient of each source, from one start.

\b
gradcompare descend rosenbrock
gradcompare descend model.py:loss :gradient --shape w=3 --shape X=50,3

FUNCTION and GRADIENT are those of gradcompare check, or FUNCTION names one registered objective.
Printed are the slope along the gradient, whether a small step changes f by what is predicted, and
gradient descent with the gradient, with autodiff and with differences.

Exit code 0: f falls as the gradient predicts, and as far as with the other gradients; 1: it does
not; 2: the input cannot be used.
"""


@click.command("descend", help=HELP)
@click.argument("target", metavar="FUNCTION")
@click.argument("gradient", metavar="[GRADIENT]", required=False)
@click.option("--shape", "shapes", multiple=True, metavar="…", help="As for check.")
@click.option("--at", multiple=True, metavar="…", help="As for check.")
@click.option("--parameter", "parameters", multiple=True, metavar="…", help="As for check.")
@click.option("--domain", "domains", multiple=True, metavar="…", help="As for check.")
@click.option("--pair", is_flag=True, help="FUNCTION returns (value, gradient).")
@click.option("--size", type=click.IntRange(1), help="Size of a registered objective.")
@click.option("--iterations", type=click.IntRange(1), default=100, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of random numbers.")
@click.option(
    "--json", "path", type=JSON, help="Write the result to this file; - is standard output."
)
def descend_command(path: Path | None, size: int | None, iterations: int, **options) -> None:
    from .inputs.arguments import CheckArguments
    from .inputs.options import read_options

    require_writable(path)
    absent = {"formula": None, "formulas": (), "symmetric": False, "other": None}
    arguments = read_options(options | absent)
    if isinstance(arguments, CheckArguments):
        result = _of_functions(arguments, size, iterations, options["seed"])
    else:
        result = _of_objective(arguments, size, iterations, options)
    write_then_print(result, lambda: click.echo(str(result)))
    sys.exit(AGREE if result.ok else DISAGREE)


def _of_functions(arguments: Any, size: int | None, iterations: int, seed: int):
    from .._api.identities.descend import descend
    from .._foundation.errors import InputError

    if size is not None:
        raise InputError("--size goes with a registered objective; give --shape or --at")
    if arguments.drawn:
        with aside():
            click.echo(arguments.drawn)
    return descend(
        arguments.value,
        arguments.gradient,
        *arguments.point,
        argnums=arguments.argnums,
        domain=arguments.domain,
        iterations=iterations,
        seed=seed,
    )


def _of_objective(objectives: tuple, size: int | None, iterations: int, options: dict):
    from .._api.identities.descend import descend_objective
    from .._api.registry import several
    from .._foundation.errors import InputError

    if any(options[name] for name in NAMED) or options["gradient"] or options["pair"]:
        raise InputError(f"{options['target']} brings its own gradient and numbers; give --size")
    first, *others = objectives
    if others:
        raise InputError(several(options["target"], objectives))
    return descend_objective(first, size, seed=options["seed"], iterations=iterations)
