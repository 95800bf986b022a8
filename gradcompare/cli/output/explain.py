"""The command `gradcompare explain`: the chapter of a verdict, in the terminal."""

import re
import shutil
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..._model.verdict import Verdict

PACKAGE = Path(__file__).parents[2]
PLACES = tuple(place / "docs" / "my-check-failed.md" for place in (PACKAGE, PACKAGE.parent))
"""The page with the chapters: in an installed package, and in a checkout."""

WIDEST = 100
"""Longer lines of prose are hard to read; examples keep theirs."""


@click.command("explain")
@click.argument("codes", metavar="[CODE]...", nargs=-1)
def explain_command(codes: tuple[str, ...]) -> None:
    """Print what the verdict CODE means and what to do, or list all codes.

    CODE is that of a report, such as GC302, or the name of a verdict, such as ANALYTIC_WRONG.
    """
    click.echo("\n\n".join(map(_chapter, map(_verdict, codes))) if codes else _index())


def print_hint(results: Iterable[Any], err: bool = False) -> None:
    """Prints the command that explains the verdicts of those results that failed, if any."""
    codes = sorted({result.verdict.code for result in results if not result.ok})
    if codes:
        click.echo(f"\n`gradcompare explain {' '.join(codes)}` says more", err=err)


def _index() -> str:
    from ..._model.verdict import Verdict

    width = max(len(verdict.name) for verdict in Verdict)
    return "\n".join(f"{v.code}  {v.name:{width}}  {v.cause}" for v in Verdict)


def _verdict(word: str) -> "Verdict":
    from ..._foundation.errors import InputError
    from ..._model.verdict import Verdict

    for verdict in Verdict:
        if word.upper() in (verdict.code, verdict.name):
            return verdict
    known = ", ".join(verdict.code for verdict in Verdict)
    raise InputError(f"there is no code {word}; the codes are {known}")


def _chapter(verdict: "Verdict") -> str:
    page = next(place for place in PLACES if place.is_file()).read_text(encoding="utf-8")
    heading = f"## {verdict.code} {verdict.name}\n"
    body = page.partition(heading)[2].partition("\n## ")[0].strip()
    return f"{click.style(verdict.title, bold=True)}\n\n{_terminal(body)}"


def _terminal(markdown: str) -> str:
    """Returns the text with indented examples, folded prose, and links by their words."""
    parts = re.split(r"^```\w*\n(.*?)^```$", markdown, flags=re.DOTALL | re.MULTILINE)
    prose = [_prose(part) for part in parts[::2]]
    examples = [f"\n\n{textwrap.indent(part.rstrip(), '    ')}\n\n" for part in parts[1::2]]
    woven = "".join(a + b for a, b in zip(prose, [*examples, ""], strict=True))
    return re.sub(r"\n{3,}", "\n\n", woven)


def _prose(markdown: str) -> str:
    text = re.sub(r"\[(.*?)\]\(#.*?\)", r"\1", markdown)
    text = re.sub(r"\[(.*?)\]\(\1\)", r"docs/\1", text)
    text = re.sub(r"\[(.*?)\]\((.*?)\)", r"\1 (docs/\2)", text)
    folded = "\n".join(map(_fold, text.strip().splitlines()))
    bold = r"(?<!\w)\*\*(.*?)\*\*"  # not the power of an expression
    return re.sub(bold, lambda m: click.style(m[1], bold=True), folded, flags=re.DOTALL)


def _fold(line: str) -> str:
    mark = re.match(r" *(\d+\.|-) |", line)
    width = min(WIDEST, shutil.get_terminal_size().columns)
    hanging = " " * (mark.end() if mark else 0)
    return textwrap.fill(
        line, width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    )
