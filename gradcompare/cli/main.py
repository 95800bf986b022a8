"""The command line: the commands `list`, `run` and `show`; they import JAX when they need it."""

import sys
from dataclasses import replace
from pathlib import Path

import click

from .check import AGREE, DISAGREE, SECONDS, check_command, init_command
from .descend import descend_command
from .interrupts.signals import watch_signals
from .output.citation import cite_command
from .output.explain import explain_command, print_hint
from .output.files import (
    JSON,
    is_file,
    require_writable,
    write_all,
    write_files,
    write_json,
    write_then_print,
    writes_files,
)
from .output.terminal import (
    CLOSED_PIPE,
    flushed,
    print_no_more,
    progress_bar,
    speak_to_any_terminal,
)
from .runs.checked import UNUSABLE, limited_reading
from .runs.executors import executor_of, with_workers
from .scan import scan_command
from .timing.bench import bench_command
from .timing.diff import diff_command

FORMATS = ("plain", "github", "latex", "html")
TABLES = (*FORMATS, "csv")
"""The formats of a catalogue, and those of a comparison."""


class _Group(click.Group):
    """Reports unusable input in one line on stderr, with exit code 2; ends at signals."""

    def resolve_command(self, ctx: click.Context, args: list[str]):
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None:
            _require_once(command, rest)
        return name, command, rest

    def invoke(self, ctx: click.Context):
        from .._foundation.errors import InputError

        speak_to_any_terminal()
        try:
            with watch_signals() as ctx.obj, flushed():
                return super().invoke(ctx)
        except InputError as error:
            click.echo(f"gradcompare: {error}", err=True)
            ctx.exit(UNUSABLE)
        except BrokenPipeError:
            print_no_more()
            ctx.exit(CLOSED_PIPE)


def _require_once(command: click.Command, arguments: list[str]) -> None:
    """Refuses an option that is given several times, of which the last one would win."""
    context = click.Context(command, resilient_parsing=True)
    try:
        _, _, given = command.make_parser(context).parse_args(list(arguments))
    except click.UsageError:
        return  # it is reported when the command begins
    names = [
        option.opts[0]
        for option in given
        if isinstance(option, click.Option) and not option.multiple and not option.is_flag
    ]
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        raise click.UsageError(f"{repeated[0]} is given several times; give it once", context)


def _shown(function):
    """Adds the options of every command that prints a comparison."""
    for option in (
        click.option("-v", "--verbose", is_flag=True, help="Show every detail."),
        click.option("--only-failures", is_flag=True, help="Show only rows that do not agree."),
        click.option(
            "--format", "style", type=click.Choice(TABLES), default="plain", show_default=True
        ),
    ):
        function = option(function)
    return writes_files(function)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gradcompare")
def main() -> None:
    """Is this gradient right? Three sources of a derivative, compared with error bars."""


main.add_command(check_command)
main.add_command(init_command)
main.add_command(descend_command)
main.add_command(cite_command)
main.add_command(explain_command)
main.add_command(bench_command)
main.add_command(diff_command)
main.add_command(scan_command)


@main.command("list")
@click.option("--format", "style", type=click.Choice(FORMATS), default="plain", show_default=True)
@click.option(
    "--pages",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write one page per family into this directory instead.",
)
def list_command(style: str, pages: Path | None) -> None:
    """List the registered objectives, with their formulas and sources."""
    from .._foundation.storage.whole import write_whole
    from .catalogue import catalogue, family_pages

    if pages is None:
        click.echo(catalogue(style))
        return
    pages.mkdir(parents=True, exist_ok=True)
    for name, text in family_pages().items():
        write_whole(pages / name, text)
        click.echo(pages / name)


@main.command("run")
@click.argument("names", nargs=-1)
@click.option(
    "--size", "sizes", type=int, multiple=True, help="Size of the objective. May be repeated."
)
@click.option(
    "--quantity",
    default="gradient",
    show_default=True,
    help="gradient, directional, hvp, hessian, jacobian or jvp.",
)
@click.option("--method", "methods", multiple=True, help="Also show this method. May be repeated.")
@click.option("--step", type=float, help="Fixed absolute step of the methods named by --method.")
@click.option("--dtype", default="float64", show_default=True, help="Dtype of the timings.")
@click.option("--device", help="cpu, gpu or cuda:1; default: JAX's default.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of all random numbers.")
@click.option("--points", type=int, default=3, show_default=True, help="Number of test points.")
@click.option(
    "--repeats", type=int, default=5, show_default=True, help="Minimum number of timed runs."
)
@click.option("--timing/--no-timing", default=True, help="Measure running times.")
@SECONDS
@with_workers
@click.option("--cache/--no-cache", default=True, help="Keep compiled programs on disk.")
@click.option(
    "--json", "path", type=JSON, help="Write every row to this file; - is standard output."
)
@click.option("--resume", is_flag=True, help="Go on with an interrupted run of the same FILE.")
@_shown
@click.pass_context
def run_command(
    context, names, methods, step, path, resume, verbose, only_failures, style, **options
):
    """Compare the derivatives of NAMES, or of every registered objective.

    A name is a registered objective, path/to/file.py or package.module; add :NAME to the last
    two for one of their objectives. Exit code 0: every verdict is the one that its objective
    declares, which is AGREE unless it is a trap; 1: one is not; 2: the input cannot be used;
    130, 143, 129: interrupted by SIGINT, SIGTERM, SIGHUP, after the finished rows are written.
    """
    from .._engine.settings import with_methods
    from .processes import compare_in_processes
    from .runs.rows import Rows

    require_writable(path)
    if resume and not is_file(path):
        raise click.UsageError("--resume goes with --json FILE")
    chosen, beside = with_methods(methods, step)
    rows = Rows(path if is_file(path) else None, resume=resume)

    def show(comparison, write) -> None:
        comparison = replace(comparison, settings={**comparison.settings, "beside": list(beside)})
        write_then_print(
            comparison, lambda: _print(comparison, style, verbose, only_failures), write
        )

    def finish() -> None:
        bar.close()
        comparison = rows.interrupted()
        if comparison is not None:
            with context.scope(cleanup=False):  # in another thread
                show(comparison, write_json)

    ending = context.obj
    workers, finishing = executor_of(options), ending.with_finish(finish)
    with workers as options["executor"], progress_bar() as (bar, progress), finishing:
        options["sizes"] = options["sizes"] or None
        reading = limited_reading(options["seconds"], context)
        comparison = compare_in_processes(
            names or None, chosen, progress=progress, rows=rows, reading=reading, **options
        )
    with ending.lock:
        show(comparison, write_all)
        rows.end()
    sys.exit(AGREE if comparison.ok else DISAGREE)


@main.command("show")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_shown
def show_command(file: Path, verbose: bool, only_failures: bool, style: str) -> None:
    """Print a comparison that `run --json FILE` wrote."""
    from .._results.result import Comparison, require_settings

    comparison = Comparison.from_json(file.read_bytes())
    require_settings(comparison.settings)
    write_then_print(
        comparison, lambda: _print(comparison, style, verbose, only_failures), write_files
    )
    sys.exit(AGREE if comparison.ok else DISAGREE)


def _print(comparison, style, verbose, only_failures) -> None:
    from .._results.report.detail import detail
    from .._results.report.table import legend, outcome, table
    from .output.printing import WRITERS

    shown = comparison
    if only_failures:
        failures = tuple(result for result in comparison if not result.ok)
        shown = replace(comparison, results=failures)
    if style in WRITERS:
        click.echo(WRITERS[style](comparison, shown, verbose))
        return
    if verbose:
        click.echo("\n\n".join(map(detail, shown)) + "\n" if shown.results else "", nl=False)
        kept = comparison.environment.get("compilation_cache")
        if kept and any(result.timings for result in shown):
            click.echo(f"Programs from {kept} have short compile times; see --no-cache.\n")
    if shown.results:
        beside = tuple(comparison.settings.get("beside", ()))
        click.echo(f"{table(shown, style=style, beside=beside)}\n")
        click.echo(legend(comparison), err=style != "plain")
    click.echo(outcome(comparison), err=style != "plain")
    for result in shown:
        if not result.ok and not verbose:
            click.echo(f"\n{result}", err=style != "plain")
    print_hint(comparison, err=style != "plain")
