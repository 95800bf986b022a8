"""The options that write a comparison to a file: `--html`, `--junit`, `--sarif`."""

from pathlib import Path
from typing import Any

import click

from ..._foundation.hypertext.templates import MISSING, is_available

FILES = {
    "html": "Write one HTML page to this file, with pictures and source lines.",
    "junit": "Write a JUnit report to this file, for CI systems.",
    "sarif": "Write the failures to this file in SARIF, for code hosts.",
}
"""The options, with their help."""


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


def require_writable(path: Path, option: str = "--json") -> None:
    """Checks, before the work, that the result can be written."""
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise click.BadParameter(str(error), param_hint=option) from error


def write_files(comparison: Any) -> None:
    """Writes the files that the options of this command name."""
    named = click.get_current_context().meta
    for name in FILES:
        path = named.get(f"{__name__}.{name}")
        if path is not None:
            path.write_text(f"{_text(name, comparison)}\n", encoding="utf-8")


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
