"""The formats of `--format` that are one text, without a word on standard error."""

from ..._results.result import Comparison
from ...report.detail import detail
from ...report.formats.latex import latex
from ...report.formats.records import comma_separated
from ...report.table import legend, outcome, table


def _latex(comparison: Comparison, shown: Comparison, verbose: bool) -> str:
    return latex(shown, beside=_beside(comparison))


def _csv(comparison: Comparison, shown: Comparison, verbose: bool) -> str:
    return comma_separated(shown)


def _github(comparison: Comparison, shown: Comparison, verbose: bool) -> str:
    """The table, what its columns mean, and the reports, as Markdown."""
    parts = [outcome(comparison)]
    if shown.results:
        notes = [f"- {line}" for line in legend(comparison).splitlines()]
        listing = table(shown, style="github", beside=_beside(comparison))
        parts = [listing, "\n".join(notes), *parts]
    reported = [result for result in shown if verbose or not result.ok]
    fence = "```"
    for result in reported:
        text = detail(result) if verbose else str(result)
        while fence in text:  # a longer fence holds a shorter one
            fence += "`"
        parts.append(f"{fence}text\n{text}\n{fence}")
    return "\n\n".join(parts)


def _beside(comparison: Comparison) -> tuple[str, ...]:
    return tuple(comparison.settings.get("beside", ()))


WRITERS = {"latex": _latex, "csv": _csv, "github": _github}
"""Each takes the comparison, the part of it that is shown, and whether in every detail."""
