"""The branches of a program, those that a point reached and those that none did."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .._foundation.user_code import Place


@dataclass(frozen=True)
class Branch:
    """One way that a program can take at a line.

    Attributes:
        words: When it is taken, as the end of a sentence.
        file: The path of the source file.
        line: The line in it, from 1.
        source: What the choice depends on: the parameters, or the data alone.
        tested: Whether the derivatives were compared at a point that takes it.
        note: Why they were not, and what to do; before the search, why no point is searched for.
    """

    words: str
    file: str
    line: int
    source: Literal["parameters", "data"] = "parameters"
    tested: bool = False
    note: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        """What identifies a branch to the reader."""
        return self.words, self.file, self.line

    @property
    def place(self) -> str:
        """The file and the line, as `loss.py:8`; nothing where there is none, as in a formula."""
        return Place(self.file, self.line).where if self.file else ""

    def __str__(self) -> str:
        return f"{self.words} ({self.place})" if self.file else self.words


NO_BRANCH = "no branch depends on the parameters"

NAMED_BRANCHES = 3
"""Longest list of branches that share a reason."""


def in_words(branches: Sequence[Branch], unseen: str = "") -> str:
    """Returns how many branches were tested, and which were not, why not, and what to do about it.

    Args:
        branches: All known branches.
        unseen: Why there may be more of them, as the end of a sentence; or nothing.
    """
    if not branches:
        return f"branches not looked at, because {unseen}" if unseen else NO_BRANCH
    missing = [branch for branch in branches if not branch.tested]
    parts = [f"branches: {len(branches) - len(missing)} of {len(branches)} tested"]
    for note in dict.fromkeys(branch.note for branch in missing):
        names = [str(branch) for branch in missing if branch.note == note]
        more = f" or {len(names) - NAMED_BRANCHES} more" if len(names) > NAMED_BRANCHES else ""
        parts.append(f"not tested where {' or '.join(names[:NAMED_BRANCHES])}{more}: {note}")
    parts += [f"there may be more: {unseen}"] if unseen else []
    return "; ".join(parts)
