"""The options that write a comparison to a file: `--html`, `--junit`, `--sarif`."""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..._foundation.hypertext.templates import MISSING, is_available
from ..._foundation.storage.whole import require_room, write_whole

if TYPE_CHECKING:
    from ..._foundation.serialization import Outcome

FILES = {
    "html": "Write one HTML page to this file, with pictures and source lines.",
    "junit": "Write a JUnit report to this file, for CI systems.",
    "sarif": "Write the failures to this file in SARIF, for code hosts.",
}
"""The options, with their help."""

STANDARD_OUTPUT = Path("-")
"""What `--json -` names."""

JSON = click.Path(dir_okay=False, allow_dash=True, path_type=Path)
"""The type of `--json`."""


def writes_files(function):
    """Adds the options to a command, which calls `write_files` in the end."""
    for name, text in reversed(FILES.items()):
        function = click.option(
            f"--{name}",
            type=click.Path(dir_okay=False, path_type=Path),
            callback=_keep,
            expose_value=False,
            help=text,
        )(function)
    return function


def is_file(path: Path | None) -> bool:
    """Whether there is a file to write, which is not standard output."""
    return path is not None and path != STANDARD_OUTPUT


def require_writable(path: Path | None, option: str = "--json") -> None:
    """Checks, before the work, that the result can be written."""
    if path is None or path == STANDARD_OUTPUT:
        return
    try:
        require_room(path)
    except OSError as error:
        reason = f"{error.strerror or error}: '{path}'"
        raise click.BadParameter(reason, param_hint=option) from error


def write_files(comparison: Any) -> None:
    """Writes the files that the options of this command name."""
    named = click.get_current_context().meta
    for name in FILES:
        path = named.get(f"{__name__}.{name}")
        if path is not None:
            write_whole(path, f"{_text(name, comparison)}\n")


def write_json(result: "Outcome") -> None:
    """Writes a result to the file of `--json`, or to standard output for `-`."""
    path = click.get_current_context().params["path"]
    if path == STANDARD_OUTPUT:
        click.echo(result.to_json())
    elif path is not None:
        write_whole(path, f"{result.to_json()}\n")


def write_all(result: "Outcome") -> None:
    """Writes the files of `--json` and of the other options."""
    write_json(result)
    write_files(result)


def write_then_print(
    result: "Outcome",
    show: Callable[[], None],
    write: Callable[["Outcome"], None] = write_all,
) -> None:
    """Writes a result to its files, then prints it: also where a file cannot be written."""
    try:
        write(result)
    finally:
        with aside():
            show()


def aside() -> AbstractContextManager:
    """What is printed inside goes to standard error where standard output has the JSON."""
    path = click.get_current_context().params.get("path")
    return redirect_stdout(sys.stderr) if path == STANDARD_OUTPUT else nullcontext()


def _keep(ctx: click.Context, param: click.Parameter, path: Path | None) -> None:
    if path is not None:
        if param.name == "html" and not is_available():
            raise click.UsageError(MISSING)
        require_writable(path, f"--{param.name}")
        ctx.meta[f"{__name__}.{param.name}"] = path


def _text(name: str, comparison: Any) -> str:
    from ..._results.report.formats.junit import junit
    from ..._results.report.formats.sarif import sarif

    writers = {"html": type(comparison).to_html, "junit": junit, "sarif": sarif}
    return writers[name](comparison)
