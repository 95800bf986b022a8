"""The tables of a comparison, by the names of their formats."""

from typing import TYPE_CHECKING

from ...._foundation.errors import UnknownNameError
from ..table import legend, table
from .latex import latex
from .records import comma_separated

if TYPE_CHECKING:
    from ...result import Comparison


def as_table(comparison: "Comparison", format: str) -> str:
    """Returns the comparison as a table in a format.

    Raises:
        UnknownNameError: if there is no such format.
    """
    if format not in _TABLES:
        raise UnknownNameError("format", format, _TABLES)
    return _TABLES[format](comparison)


def _plain(comparison: "Comparison") -> str:
    return f"{table(comparison, beside=_beside(comparison))}\n\n{legend(comparison)}"


def _github(comparison: "Comparison") -> str:
    notes = "\n".join(f"- {line}" for line in legend(comparison).splitlines())
    return f"{table(comparison, style='github', beside=_beside(comparison))}\n\n{notes}"


def _latex(comparison: "Comparison") -> str:
    return latex(comparison, beside=_beside(comparison))


def _beside(comparison: "Comparison") -> tuple[str, ...]:
    return tuple(comparison.settings.get("beside", ()))


_TABLES = {"plain": _plain, "github": _github, "latex": _latex, "csv": comma_separated}
