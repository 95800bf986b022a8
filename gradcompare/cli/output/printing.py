"""The formats of `--format` that are one text, without a word on standard error."""

from ..._results.report.detail import detail
from ..._results.report.formats.tables import as_table
from ..._results.report.table import outcome
from ..._results.result import Comparison


def _latex(comparison: Comparison, shown: Comparison, verbose: bool) -> str:
    return as_table(shown, "latex")


def _csv(comparison: Comparison, shown: Comparison, verbose: bool) -> str:
    return as_table(shown, "csv")


def _github(comparison: Comparison, shown: Comparison, verbose: bool) -> str:
    """The table, what its columns mean, and the reports, as Markdown."""
    parts = [as_table(shown, "github")] if shown.results else []
    parts.append(outcome(comparison))
    reported = [result for result in shown if verbose or not result.ok]
    fence = "```"
    for result in reported:
        text = detail(result) if verbose else str(result)
        while fence in text:  # a longer fence holds a shorter one
            fence += "`"
        parts.append(f"{fence}text\n{text}\n{fence}")
    return "\n\n".join(parts)


WRITERS = {"latex": _latex, "csv": _csv, "github": _github}
"""Each takes the comparison, the part of it that is shown, and whether in every detail."""
