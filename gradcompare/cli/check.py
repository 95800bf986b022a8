"""The commands `gradcompare check` and `gradcompare init`, for a gradient of the user's own.

The functions import what needs JAX, so that `--help` does not load it.
"""

import sys
from pathlib import Path
from typing import Any

import click

from .._foundation.errors import InputError
from .._foundation.storage.whole import write_whole
from .._foundation.user_code import describe, place
from .output.explain import print_hint
from .output.files import JSON, require_writable, write_then_print, writes_files
from .runs.checked import AGREE, DISAGREE, compared, stated

HELP = """Check one gradient, of a function in a file or of a formula.

\b
gradcompare check model.py:loss :gradient --at point.npz
gradcompare check --value "sum((X @ w - y)**2)" \\
    --gradient "2*X.T @ (X @ w - y)" --shape w=3 --shape X=50,3 --shape y=50

Write FUNCTION and GRADIENT as path/to/file.py:NAME, as package.module:NAME, or as :NAME for
the same file. Both are called with the same arguments. Without GRADIENT, autodiff is checked.
A .npz or .json file holds the arguments by name. file.py:NAME is the point, the tuple of all
arguments, or a function that returns one of these. FUNCTION may also name objectives, as in
gradcompare run.

Formulas use JAX NumPy; jnp. may be left out. A name without --shape or --at is a scalar.

Exit code 0: the derivatives agree, or the verdict is the one that the objective declares; 1: any
other verdict; 2: the input cannot be used.
"""


def _repeated(*names: str, text: str):
    return click.option(*names, multiple=True, metavar="…", help=f"{text} May be repeated.")


RESULT = click.Path(dir_okay=False, path_type=Path)

SECONDS = click.option(
    "--seconds",
    type=click.FloatRange(0, min_open=True),
    help="Time limit of each comparison; a call that does not return is ended soon after.",
)

OPTIONS = (
    click.option("--value", "formula", metavar="FORMULA", help="A formula instead of FUNCTION."),
    _repeated("--gradient", "formulas", text="Formula of the gradient, or NAME=formula."),
    _repeated("--shape", "shapes", text="NAME=50,3: draw numbers of this shape."),
    _repeated("--at", text="NAME=0.3,1.2; a .npz, .npy or .json file; or file.py:NAME."),
    _repeated("--parameter", "parameters", text="NAME to differentiate by; default: the first."),
    _repeated("--domain", "domains", text="NAME=positive, nonnegative, negative or unit."),
    click.option("--other", metavar="NAME", help="A second derivative, named as GRADIENT is."),
    click.option("--pair", is_flag=True, help="FUNCTION returns (value, gradient)."),
    click.option(
        "--wrt",
        type=click.Choice(["parameters", "log"]),
        default="parameters",
        help="log: the gradient is with respect to the logarithms of the parameters.",
    ),
    click.option("--sign", type=click.Choice(["1", "-1"]), default="1", help="-1: that of -f."),
    click.option("--scale", type=float, default=1.0, help="The gradient is that of f times this."),
    click.option("--symmetric", is_flag=True, help="Square matrices are symmetric."),
    click.option(
        "--intent",
        type=click.Choice(["gradient", "upper_bound"]),
        default="gradient",
        help="upper_bound: the gradient may exceed the true one, but not fall below it.",
    ),
    click.option("--accuracy", type=float, help="Relative error that you accept, as 1e-6."),
    click.option(
        "--points", type=int, default=3, show_default=True, help="Number of test points."
    ),
    click.option("--seed", type=int, default=0, show_default=True, help="Seed of random numbers."),
    click.option("--tails", is_flag=True, help="Also test points very far from x0."),
    click.option("--dtype", default="float64", show_default=True, help="Dtype of the timings."),
    click.option("--timing", is_flag=True, help="Also measure running times."),
    click.option(
        "--selftest", "planted", is_flag=True, help="Plant faults; show which it detects."
    ),
    click.option(
        "--locate", "located", is_flag=True, help="Find the wrong entries of a very long gradient."
    ),
    SECONDS,
    click.option("--cache/--no-cache", default=True, help="Keep compiled programs on disk."),
    click.option("--json", "path", type=JSON, help="File of the result; - is standard output."),
    click.option("-v", "--verbose", is_flag=True, help="Show every detail."),
)


def _with_options(function):
    for option in reversed(OPTIONS):
        function = option(function)
    return function


@click.command("check", help=HELP)
@click.argument("target", metavar="[FUNCTION]", required=False)
@click.argument("gradient", metavar="[GRADIENT]", required=False)
@_with_options
@writes_files
@click.pass_context
def check_command(ctx: click.Context, path, cache, located, verbose, **options) -> None:
    from .compilation_cache import use_compilation_cache

    require_writable(path)
    if cache:
        use_compilation_cache()
    try:
        outcome = (_located if located else compared)(ctx, {**options, "cache": cache})
    except InputError:
        raise
    except Exception as error:
        if verbose:
            raise
        where = place(error)
        raise InputError(
            f"{describe(error)}{f' at {where}' if where else ''}; -v shows the whole traceback"
        ) from error

    def show() -> None:
        for result in [outcome] if located else outcome:
            click.echo(_opened(result) if verbose and not located else str(result))
            if not (located or verbose) and result.timings:
                click.echo(f"  {_times(result)}")
        if not located:
            print_hint(outcome)
        if options["planted"]:
            click.echo(f"\n{_planted(outcome)}")

    write_then_print(outcome, show)
    sys.exit(AGREE if outcome.ok else DISAGREE)


@click.command("init")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def init_command(file: Path, force: bool) -> None:
    """Write an example of an objective to FILE, to edit: value, gradient, data."""
    if file.suffix != ".py":
        raise InputError(f"{file} is no Python file; give a name such as my_objective.py")
    if file.exists() and not force:
        raise InputError(f"{file} exists; give another name, or --force to overwrite it")
    starter = Path(__file__).with_name("starter.py").read_text(encoding="utf-8")
    write_whole(file, starter)
    click.echo(f"{file} is written; edit it, then: gradcompare check {file}")


def _located(ctx: click.Context, options: dict) -> Any:
    from .locate import NOT_LOCATED, located

    return located(options, stated(ctx, lambda name: name in NOT_LOCATED))


def _planted(comparison: Any) -> str:
    """Returns the faults that would have been detected, or why no fault is planted."""
    from .._api.selftest import selftest

    if comparison.ok:
        return str(selftest(comparison))
    failed = ", ".join(f"{r.objective} is {r.verdict.name}" for r in comparison if not r.ok)
    return f"no self test, because it needs a gradient that agrees: {failed}"


def _opened(result) -> str:
    from .._results.report.detail import detail

    return detail(result)


def _times(result) -> str:
    from .._foundation.wording import duration, ratio

    timings = dict(result.timings)
    value = timings.pop("value", None)
    if value is None:
        return "; ".join(f"{name} {duration(t.median_seconds)}" for name, t in timings.items())
    times = [f"{name} {ratio(result.cost_ratio(name), 3)}×" for name in timings]
    return f"value {duration(value.median_seconds)}; {', '.join(times)} that"
