"""Files of lines that grow: each line is on the disk before the next step of the work."""

import os
from pathlib import Path

from ..errors import InputError


def start(file: str | os.PathLike[str] | None, *, fresh: bool) -> Path | None:
    """Returns the path of a file that goes on, or that begins anew if it is to be fresh.

    Raises:
        InputError: if it cannot be emptied.
    """
    path = None if file is None else Path(file)
    if fresh and path is not None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise InputError(f"{path} cannot be emptied: {error.strerror or error}") from error
    return path


def append_line(path: Path, line: str) -> None:
    """Adds a line to a file, and returns when it is on the disk.

    Raises:
        InputError: if the file cannot be written; half of a line may be there then.
    """
    append(path, f"{line}\n".encode())


def append(path: Path, data: bytes) -> None:
    """Adds bytes to a file, which it creates, and returns when they are on the disk.

    Raises:
        InputError: if the file cannot be written.
    """
    try:
        with path.open("ab", buffering=0) as file:
            while data:
                data = data[os.write(file.fileno(), data) :]
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error


def read_lines(path: Path) -> list[bytes]:
    """Returns the whole lines of a file; half a line at its end is left out.

    Raises:
        InputError: if it cannot be read.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    return text[: text.rfind(b"\n") + 1].splitlines()


def drop_half_line(path: Path) -> None:
    """Cuts off a last line without its end, so that the next one begins a line."""
    text = path.read_bytes()
    whole = text.rfind(b"\n") + 1
    if whole < len(text):
        os.truncate(path, whole)
