"""The comparison of `gradcompare check`, within the time of `--seconds`."""

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ..._foundation.errors import InputError
from ..._foundation.wording import duration
from ..interrupts.watchdog import ended_after, told
from ..output.files import FILES, aside, write_then_print

if TYPE_CHECKING:
    from ..inputs.arguments import CheckArguments

AGREE, DISAGREE, UNUSABLE = 0, 1, 2
"""The exit codes of every command: all is right, something is not, the input cannot be used."""

ALSO_OBJECTIVES = (
    *("target", "points", "seed", "dtype", "timing", "seconds"),
    *("cache", "path", "verbose", "planted", *FILES),
)
"""The options that also apply to objectives, which define everything else themselves."""


def stated(ctx: click.Context, of_interest) -> list[str]:
    """Returns the options on the command line whose names are of interest."""
    return [
        option.opts[0] if isinstance(option, click.Option) else "GRADIENT"
        for option in ctx.command.params
        if ctx.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
        and of_interest(option.name)
    ]


def compared(ctx: click.Context, options: dict) -> Any:
    """Returns the comparison that the options ask for.

    Raises:
        InputError: if they cannot be used.
    """
    from ..._api.compare import compare
    from ...methods._registry import voting_methods
    from ..inputs.arguments import CheckArguments
    from ..inputs.options import read_options

    seconds = options["seconds"]
    with limited_reading(seconds, ctx):
        arguments = read_options(options)
    if isinstance(arguments, CheckArguments):
        return _check(ctx, arguments, options)
    others = stated(ctx, lambda name: name not in ALSO_OBJECTIVES)
    if others:
        raise InputError(
            f"{options['target']} holds objectives, which define this themselves; "
            f"leave out {', '.join(others)}, or name a function"
        )
    kept = {name: options[name] for name in ("points", "seed", "dtype", "timing")}
    if seconds is None:
        return compare(arguments, voting_methods(), **kept)
    from ..processes import compare_in_processes

    return compare_in_processes(
        [options["target"]],
        voting_methods(),
        jobs=1,
        cache=options["cache"],
        progress=lambda name, done, total: None,
        seconds=seconds,
        **kept,
    )


@contextmanager
def limited_reading(seconds: float | None, ctx: click.Context) -> Iterator[None]:
    """Ends the process if the files of the user are not read in so many seconds."""
    from .workers import hard_limit

    def finish(line: str) -> int:
        where = f" (at {line})" if line else ""
        given = " ".join(filter(None, [ctx.params.get("target"), *ctx.params.get("names", ())]))
        return told(
            f"reading {given or 'the arguments'} takes longer than the limit of "
            f"{duration(seconds)}{where}; a file must define functions, and not work",
            UNUSABLE,
        )

    with ended_after(hard_limit(seconds), ctx.obj, finish) if seconds else nullcontext():
        yield


def _check(ctx: click.Context, arguments: "CheckArguments", options: dict) -> Any:
    from ..._api.check import check
    from ..._foundation.limits.clock import announcing
    from ..inputs.options import AS_GIVEN

    def say(words: str) -> None:
        click.echo(words, err=True)

    with announcing(say), _limited(ctx, arguments, options["seconds"]):
        comparison = check(
            arguments.value,
            arguments.gradient,
            *arguments.point,
            argnums=arguments.argnums,
            domain=arguments.domain,
            other=arguments.other,
            sign=1 if options["sign"] == "1" else -1,
            seconds=options["seconds"],
            **{name: options[name] for name in AS_GIVEN},
        )
    first = next(iter(comparison.results[0].points), None)
    if arguments.drawn and first is not None and not math.isfinite(first.value):
        raise InputError(
            f"the value is {first.value} at the random numbers; say where it is defined, as in "
            "--domain NAME=positive, or give numbers, as in --at NAME=0.3,1.2"
        )
    if arguments.drawn:
        with aside():
            click.echo(arguments.drawn)
    record = {"formulas": arguments.formulas, "drawn": arguments.drawn}
    return replace(comparison, settings={**comparison.settings, "asked": record})


@contextmanager
def _limited(
    ctx: click.Context, arguments: "CheckArguments", seconds: float | None
) -> Iterator[None]:
    """Ends the process if a call does not return, with a result that says so."""
    from ..._engine.limits.watch import ACTIVE
    from ..._results.result import Comparison, Result
    from .workers import hard_limit

    def finish(line: str) -> int:
        where = f" (at {line})" if line else ""
        if ACTIVE:
            result = ACTIVE[-1].timed_out(f"a call did not return{where}")
        else:
            name = getattr(arguments.value, "__name__", type(arguments.value).__name__)
            words = f"the limit of {duration(seconds)} is passed{where}"
            result = Result(name, None, "gradient", message=words, timed_out=True)
        comparison = Comparison((result,))
        with ctx.scope(cleanup=False):  # in another thread
            write_then_print(comparison, lambda: click.echo(str(comparison)))
        sys.stdout.flush()
        return DISAGREE

    with ended_after(hard_limit(seconds), ctx.obj, finish) if seconds else nullcontext():
        yield
