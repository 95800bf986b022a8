"""Files under whose name there is always a whole one: the old one or the new one."""

import csv
import io
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError


def write_whole(path: Path, text: str) -> None:
    """Writes `text` to a file beside `path`, and gives it that name when it is on the disk.

    What is no regular file, such as a pipe, is written as it is.

    Raises:
        InputError: if the file cannot be written; an older one is left as it was.
    """
    try:
        target = _target(path)
        if target.exists() and not target.is_file():
            target.write_bytes(text.encode())
        else:
            _replace(target, text.encode())
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error


def write_csv(path: Path, heads: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes comma-separated values, with their names on top, as `write_whole` does.

    Raises:
        InputError: if the file cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, heads)
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, text.getvalue())


def require_room(path: Path) -> None:
    """Checks that a file can be written, and leaves no trace of that.

    Raises:
        OSError: if it cannot.
    """
    target = _target(path)
    if target.is_dir():
        raise IsADirectoryError(f"{path} is a directory")
    if target.is_file() or not target.exists():
        handle, beside = _open_beside(target)
        os.close(handle)
        beside.unlink()


def _target(path: Path) -> Path:
    """Returns the file behind a link, if it may be written."""
    target = path.resolve()
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(f"{path} is write-protected")
    return target


def _replace(target: Path, data: bytes) -> None:
    handle, beside = _open_beside(target)
    try:
        try:
            _write_all(handle, data)
            os.fsync(handle)
        finally:
            os.close(handle)
        if target.exists():
            shutil.copymode(target, beside)
        os.replace(beside, target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _open_beside(target: Path) -> tuple[int, Path]:
    """Creates a file with a name that cannot be foreseen, in the same folder."""
    beside = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.open(beside, flags, 0o666), beside


def _write_all(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]
