"""The finished rows of a run, in memory and in a file, for an interruption and for `--resume`."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..._engine.run import gathered
from ..._engine.settings import Case, Settings
from ..._foundation.errors import InputError
from ..._foundation.storage.lines import append_line, drop_half_line, read_lines
from ..._foundation.storage.strict import read_json
from ..._foundation.wording import listed
from ..._results.result import Comparison, Result

UNTIMED = "not timed, because the run was interrupted"

CIRCUMSTANCES = ("gradcompare", "jax", "jaxlib", "numpy", "python", "device_kind")
"""The parts of the environment that have to be equal for a row to be taken over."""

ANEW = "leave out --resume to begin anew"


def journal_of(path: Path) -> Path:
    """Returns the file of rows that stands beside a result until the run is finished."""
    return path.with_name(f"{path.name}.part")


class Rows:
    """The rows that are finished so far.

    Args:
        path: The file of the result, beside which each row is kept; None for no file.
        resume: Whether to take over the rows that an interrupted run left there.
    """

    def __init__(self, path: Path | None = None, *, resume: bool = False) -> None:
        self._journal = None if path is None else journal_of(path)
        self._resume = resume
        self._cases: Sequence[Case] = ()
        self._settings: Settings | None = None
        self._results: dict[int, Result] = {}
        self.earlier: Mapping[int, Result] = {}
        self.warning = ""

    def begin(self, cases: Sequence[Case], settings: Settings) -> None:
        """Begins a run: takes over the rows of an earlier one, or forgets them.

        Raises:
            InputError: if the earlier rows are those of another run.
        """
        self._cases, self._settings = cases, settings
        if self._journal is None:
            return
        head = _head(cases, settings)
        if self._resume and self._journal.exists():
            drop_half_line(self._journal)
            if lines := read_lines(self._journal):
                self.earlier = _rows(lines, head, self._journal, cases)
                return
        self._journal.unlink(missing_ok=True)
        self._append(head)

    def keep(self, number: int, result: Result) -> None:
        """Keeps a row, in place of an earlier one of the same case."""
        self._results[number] = result
        name, size = self._cases[number].key
        self._append({"name": name, "size": size, "of": _digest(result), "row": result.to_dict()})

    def end(self) -> None:
        """Removes the file of the rows, when the result is written."""
        if self._journal is not None:
            self._journal.unlink(missing_ok=True)

    def interrupted(self) -> Comparison | None:
        """Returns the finished rows, with the names of those that are missing."""
        if self._settings is None:
            return None
        settings, results = self._settings, dict(self._results)
        rows = [_untimed(results[n]) if settings.timing else results[n] for n in sorted(results)]
        missing = [self._label(n) for n in range(len(self._cases)) if n not in results]
        return replace(gathered(rows, settings), interrupted=True, missing=tuple(missing))

    def _label(self, number: int) -> str:
        """Returns the name of a case, with its size where that is needed to tell it."""
        name, size = self._cases[number].key
        alone = sum(case.objective.name == name for case in self._cases) == 1
        return name if alone else f"{name} ({size})"

    def _append(self, line: dict[str, Any]) -> None:
        """Writes a line; where the disk is full, the run goes on and the end says so."""
        if self._journal is None or self.warning:
            return
        try:
            append_line(self._journal, json.dumps(line, allow_nan=False, ensure_ascii=False))
        except InputError as error:
            self.warning = f"{error}; an interrupted run could not be resumed"


def _head(cases: Sequence[Case], settings: Settings) -> dict[str, Any]:
    """Returns what has to be equal for rows to be of the same run."""
    empty = gathered([], settings)
    environment = {name: empty.environment.get(name) for name in CIRCUMSTANCES}
    return json.loads(json.dumps({"environment": environment, "settings": empty.settings}))


def _rows(
    lines: Sequence[bytes], head: dict[str, Any], path: Path, cases: Sequence[Case]
) -> dict[int, Result]:
    """Returns the rows of an earlier run by the numbers of their cases.

    A row that failed, or whose source file is another one now, is left out.
    """
    try:
        first, *rest = map(read_json, lines)
        if changed := _differences(first, head):
            raise InputError(f"{path} is of a run with another {listed(changed)}; {ANEW}")
        numbers = {case.key: number for number, case in enumerate(cases)}
        latest = {(line["name"], line["size"]): line for line in rest}
        rows = {
            numbers[key]: (Result.from_json(json.dumps(line["row"])), line["of"])
            for key, line in latest.items()
            if key in numbers
        }
    except InputError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(f"{path} holds no rows of a run ({error!r}); {ANEW}") from error
    return {n: row for n, (row, of) in rows.items() if not row.message and of == _digest(row)}


def _differences(first: dict[str, Any], head: dict[str, Any]) -> list[str]:
    """Returns the names of the settings and versions in which two runs differ."""
    return [
        name for part in head for name in head[part] if first[part].get(name) != head[part][name]
    ]


def _digest(result: Result) -> str:
    """Returns a hash of the file that defines a derivative; nothing if there is none."""
    try:
        return hashlib.sha256(Path(result.file).read_bytes()).hexdigest() if result.file else ""
    except OSError:
        return ""


def _untimed(result: Result) -> Result:
    if result.timings or result.message or UNTIMED in result.notes:
        return result
    return replace(result, notes=(*result.notes, UNTIMED))
