"""The commands `gradcompare check` and `gradcompare init`: one gradient of the user's own.

What needs JAX is imported inside the functions, so that `--help` answers without it.
"""

import math
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from .._foundation.errors import InputError
from .._foundation.user_code import describe, place

AGREE, DISAGREE, UNUSABLE = 0, 1, 2
"""The exit codes."""

ALSO_OBJECTIVES = (
    *("target", "points", "seed", "dtype", "timing"),
    *("cache", "path", "verbose", "planted"),
)
"""What can be said about objectives; they say everything else themselves."""


HELP = """Check one gradient: of a function in a file, or of a formula.

\b
gradcompare check model.py:loss :gradient --at point.npz
gradcompare check --value "sum((X @ w - y)**2)" \\
    --gradient "2*X.T @ (X @ w - y)" --shape w=3 --shape X=50,3 --shape y=50

FUNCTION and GRADIENT are path/to/file.py:NAME or package.module:NAME, or :NAME in the same
file; they are called with the same arguments. Without GRADIENT, autodiff is checked. An .npz
or .json file holds the arguments by name; file.py:NAME is or makes the point, or the tuple
of all arguments. FUNCTION may also stand for objectives, as for run.

A formula is written in JAX NumPy, with or without jnp. before a function. A name without
--shape or --at is a scalar. Exit codes are those of run.
"""


def _repeated(*names: str, text: str):
    return click.option(*names, multiple=True, metavar="…", help=f"{text} May be repeated.")


OPTIONS = (
    click.option("--value", "formula", metavar="FORMULA", help="A formula, not FUNCTION."),
    _repeated("--gradient", "formulas", text="The formula of the gradient, or NAME=formula."),
    _repeated("--shape", "shapes", text="NAME=50,3: numbers of this shape are drawn."),
    _repeated("--at", text="NAME=0.3,1.2; a .npz, .npy or .json file; file.py:NAME."),
    _repeated("--parameter", "parameters", text="What is differentiated; else the first."),
    _repeated("--domain", "domains", text="NAME=positive, nonnegative, negative, unit."),
    click.option("--pair", is_flag=True, help="FUNCTION returns (value, gradient)."),
    click.option(
        "--wrt",
        type=click.Choice(["parameters", "log"]),
        default="parameters",
        help="log: the gradient given is with respect to the logarithms.",
    ),
    click.option("--sign", type=click.Choice(["1", "-1"]), default="1", help="-1: that of -f."),
    click.option("--scale", type=float, default=1.0, help="The gradient is so many times f'."),
    click.option("--symmetric", is_flag=True, help="Square matrices are symmetric."),
    click.option(
        "--intent",
        type=click.Choice(["gradient", "upper_bound"]),
        default="gradient",
        help="upper_bound: it need not be equal, only not less.",
    ),
    click.option("--points", type=int, default=3, show_default=True, help="How many."),
    click.option("--seed", type=int, default=0, show_default=True),
    click.option("--tails", is_flag=True, help="Look far out as well."),
    click.option("--dtype", default="float64", show_default=True, help="What is timed."),
    click.option("--timing", is_flag=True, help="Measure running times as well."),
    click.option("--selftest", "planted", is_flag=True, help="Say which faults it would find."),
    click.option("--locate", "located", is_flag=True, help="The wrong ones of very many."),
    click.option("--cache/--no-cache", default=True, help="Keep compiled programs on disk."),
    click.option("--json", "path", type=click.Path(dir_okay=False, path_type=Path)),
    click.option("-v", "--verbose", is_flag=True, help="Open the result up."),
)


def _with_options(function):
    for option in reversed(OPTIONS):
        function = option(function)
    return function


@click.command("check", help=HELP)
@click.argument("target", metavar="[FUNCTION]", required=False)
@click.argument("gradient", metavar="[GRADIENT]", required=False)
@_with_options
@click.pass_context
def check_command(ctx: click.Context, path, cache, located, verbose, **options) -> None:
    from .compilation_cache import use_compilation_cache

    if path is not None:
        require_writable(path)
    if cache:
        use_compilation_cache()
    try:
        found = (_located if located else _compared)(ctx, options)
    except InputError:
        raise
    except Exception as error:
        if verbose:
            raise
        at = place(error)
        raise InputError(
            f"{describe(error)}{f' at {at}' if at else ''}; -v shows the whole traceback"
        ) from error
    for result in [found] if located else found:
        click.echo(_opened(result) if verbose and not located else str(result))
        if not (located or verbose) and result.timings:
            click.echo(f"  {_times(result)}")
    if path is not None:
        path.write_text(found.to_json() + "\n", encoding="utf-8")
    if options["planted"]:
        click.echo(f"\n{_planted(found)}")
    sys.exit(AGREE if found.ok else DISAGREE)


@click.command("init")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def init_command(file: Path, force: bool) -> None:
    """Write FILE, a worked objective to edit: value, gradient, data."""
    if file.suffix != ".py":
        raise InputError(f"{file} is no Python file; give a name such as my_objective.py")
    if file.exists() and not force:
        raise InputError(f"{file} exists; give another name, or --force to overwrite it")
    starter = Path(__file__).with_name("starter.py").read_text(encoding="utf-8")
    try:
        file.write_text(starter, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error}") from error
    click.echo(f"{file} is written; edit it, then: gradcompare check {file}")


def require_writable(path: Path) -> None:
    """Finds out before the work whether its result can be kept."""
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise click.BadParameter(str(error), param_hint="--json") from error


def _compared(ctx: click.Context, options: dict) -> Any:
    from .._api.compare import compare
    from ..methods._registry import voting_methods
    from .inputs.arguments import Asked
    from .inputs.target import Request

    request = Request(**{field.name: options[field.name] for field in fields(Request)})
    asked = request.read()
    if isinstance(asked, Asked):
        return _check(asked, options)
    stated = _stated(ctx, lambda name: name not in ALSO_OBJECTIVES)
    if stated:
        raise InputError(
            f"{request.target} holds objectives, which say for themselves what "
            f"{', '.join(stated)} says; leave that out, or name a function"
        )
    kept = {name: options[name] for name in ("points", "seed", "dtype", "timing")}
    return compare(asked, voting_methods(), **kept)


def _located(ctx: click.Context, options: dict) -> Any:
    from .locate import NOT_LOCATED, located

    return located(options, _stated(ctx, lambda name: name in NOT_LOCATED))


def _stated(ctx: click.Context, of_interest) -> list[str]:
    """The options on the command line whose names are of interest."""
    return [
        option.opts[0] if isinstance(option, click.Option) else "GRADIENT"
        for option in ctx.command.params
        if ctx.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
        and of_interest(option.name)
    ]


def _check(asked, options: dict):
    from .._api.check import check

    kept = ("wrt", "scale", "symmetric", "intent", "points", "seed", "tails", "dtype", "timing")
    comparison = check(
        asked.value,
        asked.gradient,
        *asked.arguments,
        argnums=asked.argnums,
        domain=asked.domain,
        sign=1 if options["sign"] == "1" else -1,
        **{name: options[name] for name in kept},
    )
    first = comparison.results[0].points[0]
    if asked.drawn and not math.isfinite(first.value):
        raise InputError(
            f"the value is {first.value} at the numbers drawn; say where it is defined, as in "
            "--domain NAME=positive, or give numbers, as in --at NAME=0.3,1.2"
        )
    if asked.drawn:
        click.echo(asked.drawn)
    record = {"formulas": asked.formulas, "drawn": asked.drawn}
    return replace(comparison, settings={**comparison.settings, "asked": record})


def _planted(found: Any) -> str:
    """Which faults would have been found; or why none is planted."""
    from .._api.selftest import selftest

    if found.ok:
        return str(selftest(found))
    failed = ", ".join(f"{r.objective} is {r.verdict.name}" for r in found if not r.ok)
    return f"no self test: it plants faults in a gradient that agrees, and {failed}"


def _opened(result) -> str:
    from ..report.detail import detail

    return detail(result)


def _times(result) -> str:
    from .._foundation.wording import duration, ratio

    timings = dict(result.timings)
    value = timings.pop("value", None)
    if value is None:
        return "; ".join(f"{name} {duration(t.median_seconds)}" for name, t in timings.items())
    times = [f"{name} {ratio(result.cost_ratio(name), 3)}×" for name in timings]
    return f"value {duration(value.median_seconds)}; {', '.join(times)} that"
