"""Standard output as it is: with few characters, closed, full; and its progress bar."""

import codecs
import errno
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..._foundation.errors import InputError

if TYPE_CHECKING:
    from tqdm import tqdm

CLOSED_PIPE = 141
"""The exit code of what SIGPIPE ends, in a shell."""

ASCII = {
    "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "±": "+-", "×": "x", "·": "*", "∘": "o",
    "−": "-", "–": "-", "—": "-", "→": "->", "⇒": "=>", "∂": "d", "∇": "grad ", "⁄": "/",
    "∑": "sum ", "∏": "product ", "∫": "integral ", "√": "sqrt", "∞": "inf", "‖": "||",
    "∈": " in ", "∧": "and", "∨": "or", "⊙": "*", "⊗": "x", "⟨": "<", "⟩": ">", "§": "section ",
    "°": " degrees", "“": '"', "”": '"', "‘": "'", "’": "'", "ø": "o", "ß": "ss", "ł": "l",
    "′": "'", "↦": "->", "∓": "-+", "∗": "*", "∝": "prop. to", "≲": "<~", "⋯": "...",
}  # fmt: skip
"""What stands for a character that has no decomposition into ASCII and is not Greek."""

GREEK = re.compile("GREEK (SMALL|CAPITAL) LETTER (?:FINAL )?([A-Z]+)")

HANDLER = "gradcompare.ascii"


def in_ascii(text: str) -> str:
    """Returns the text in ASCII: `≤` is `<=`, `λ` is `lambda`, accents are left out."""
    parts = "".join(ASCII.get(c) or unicodedata.normalize("NFKD", c) for c in text)
    plain = (_letter(c) for c in parts if not unicodedata.combining(c))
    return "".join(plain).encode("ascii", "replace").decode()


def _letter(character: str) -> str:
    if character.isascii():
        return character
    greek = GREEK.fullmatch(unicodedata.name(character, ""))
    if greek is None:
        return ASCII.get(character, character)
    size, name = greek.groups()
    return name.lower() if size == "SMALL" else name.capitalize()


def _substitute(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return in_ascii(error.object[error.start : error.end]), error.end


def speak_to_any_terminal() -> None:
    """Makes standard output write in ASCII what its encoding lacks, in place of an error."""
    codecs.register_error(HANDLER, _substitute)
    if getattr(sys.stdout, "errors", "") == "strict":
        sys.stdout.reconfigure(errors=HANDLER)  # pyright: ignore[reportAttributeAccessIssue]


@contextmanager
def flushed() -> Iterator[None]:
    """Writes out what was printed where an error can still be answered."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print_no_more()
        raise InputError(f"standard output cannot be written: {error.strerror}") from error


def print_no_more() -> None:
    """Prints nothing more: Python would complain of a closed pipe or a full disk at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def progress_bar() -> Iterator[tuple["tqdm", Callable[[str, int, int], None]]]:
    """Shows how far the work is, on a terminal; gives the bar, and what moves it."""
    from tqdm import tqdm

    with tqdm(disable=None, leave=False, file=sys.stderr) as bar:

        def progress(name: str, done: int, total: int) -> None:
            bar.total, bar.n = total, done
            bar.set_description(name)

        yield bar, progress
