"""The file of a scan, one line of JSON a function, and the baseline read from such a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...._foundation.errors import InputError
from ...._foundation.plugins import installed_version
from ...._foundation.storage.lines import append, append_line, drop_half_line, read_lines
from ...._foundation.storage.strict import read_json
from ..result import Entry, from_line, to_line

FORMAT = 1
"""Version of the layout of a line."""


def circumstances(name: str, seed: int) -> dict[str, Any]:
    """Returns what has to be equal if a function is not to be examined again."""
    package = name.partition(".")[0]
    return {
        "format": FORMAT,
        "seed": seed,
        "version": installed_version("gradcompare"),
        "package": f"{package} {installed_version(package)}",
    }


def read_entries(path: Path) -> Iterator[tuple[dict[str, Any], Entry]]:
    """Yields the lines of a file of a scan, and the entries in them; no half line at the end.

    Raises:
        InputError: if the file cannot be read, or holds something else.
    """
    for number, line in enumerate(read_lines(path), 1):
        try:
            body = read_json(line)
            if body.get("format", FORMAT) != FORMAT:
                raise ValueError("of another format")
            yield body, from_line(body)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise InputError(
                f"line {number} of {path} is no function of a scan: {error!r}"
            ) from error


class Journal:
    """The entries so far, and the file in which each is kept as it comes."""

    def __init__(self, path: Path | None, seed: int) -> None:
        self._path, self._seed = path, seed
        self._entries: dict[str, Entry] = {}
        if path is None:
            return
        if path.exists():
            for body, entry in read_entries(path):
                now = circumstances(entry.function, seed)
                if all(body.get(name) == each for name, each in now.items()):
                    self._entries[entry.function] = entry
            drop_half_line(path)
        else:
            append(path, b"")

    def get(self, name: str) -> Entry | None:
        """Returns the entry of a function, if it was examined under the same circumstances."""
        return self._entries.get(name)

    def append(self, entry: Entry) -> None:
        """Adds an entry, and writes it before it returns."""
        self._entries[entry.function] = entry
        if self._path is not None:
            line = to_line(entry, **circumstances(entry.function, self._seed))
            append_line(self._path, line)


def read_baseline(path: Path | None) -> frozenset[tuple[str, str, str]]:
    """Returns what tells the faults of a file of a scan from others.

    Raises:
        InputError: if the file cannot be read, or holds something else.
    """
    if path is None:
        return frozenset()
    entries = (entry for _, entry in read_entries(path))
    return frozenset(fault.identity for entry in entries for fault in entry.faults)
