"""Lines of the user's source, quoted around the one that matters."""

import linecache
import sys
from dataclasses import dataclass
from pathlib import Path

from ..._foundation.user_code import line_of

AROUND = 2
"""Number of lines before and after."""


@dataclass(frozen=True)
class Quote:
    """A few lines of a source file.

    Attributes:
        file: The path of the file.
        line: The number of the line that is marked.
        lines: The numbers of the lines, and their texts.
    """

    file: str
    line: int
    lines: tuple[tuple[int, str], ...]

    @property
    def where(self) -> str:
        """The file and the line, as `loss.py:8`; in a notebook the cell, as `In[3]:8`."""
        cell = _cell(self.file)
        return f"{cell}:{self.line}" if cell else line_of(self.file, self.line)


def quote(file: str, line: int) -> Quote | None:
    """Returns the lines around one; None if there is no place, without lines if no source.

    A result may come from elsewhere, so that only Python files are read.
    """
    if not file or line < 1:
        return None
    if Path(file).suffix != ".py" and file not in linecache.cache:
        return Quote(file, line, ())
    every = linecache.getlines(file)
    numbers = range(max(1, line - AROUND), min(len(every), line + AROUND) + 1)
    lines = [(n, every[n - 1].rstrip()) for n in numbers] if line <= len(every) else []
    while lines and not lines[0][1]:
        lines.pop(0)
    while lines and not lines[-1][1]:
        lines.pop()
    return Quote(file, line, tuple(lines))


def _cell(file: str) -> str:
    """Returns the name of the cell of this notebook that a file stands for; empty for others."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    name_of = getattr(getattr(shell, "compile", None), "format_code_name", None)
    named = None if name_of is None else name_of(file)
    return "" if named is None else named[1]
