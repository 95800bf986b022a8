"""Numbers as a person reads them: few digits, with units."""

import math
import re
import reprlib
from collections.abc import Sequence
from typing import Any

SHORT = reprlib.Repr()
SHORT.maxother = SHORT.maxstring = 200
"""Shortens collections, and names of classes and functions only where they are very long."""


def given(argument: Any) -> str:
    """Returns an unusable argument as a message shows it: short, without the address of an object.

    An address is another one in each process, and no help.
    """
    return re.sub(r" at 0x[0-9a-fA-F]+", "", SHORT.repr(argument))


LONGEST = 300
"""Characters of a message of others that are shown."""


def beginning(text: str) -> str:
    """Returns a text, or its beginning where it is very long."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def short(number: float | None, digits: int = 3) -> str:
    """Returns `number` with a few significant digits; an empty text for None."""
    if number is None:
        return ""
    if number == 0:
        return "0"
    if 1000 <= abs(number) < 1e6:
        return f"{number:.0f}"
    text = f"{number:.{digits}g}"
    if 1 <= abs(number) < 1000 and "e" in text:  # 99.7 to two digits
        return f"{float(text):.0f}"
    return text.replace("e-0", "e-").replace("e+0", "e+")


def with_bar(value: float, error: float) -> str:
    """Returns a value with its error bar; the bar decides on the number of digits."""
    digits = 10
    if value and 0 < error < math.inf:
        digits = min(16, max(3, math.ceil(math.log10(abs(value)) - math.log10(error)) + 2))
    return f"{value:.{digits}g} ± {short(error, 2)}"


def duration(seconds: float | None, digits: int = 3) -> str:
    """Returns a time in a suitable unit."""
    if seconds is None or not math.isfinite(seconds):
        return ""
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size:
            return f"{_plain(seconds / size, digits)} {unit}"
    return f"{_plain(seconds / 1e-9, digits)} ns"


def ratio(number: float | None, digits: int = 2) -> str:
    """Returns a ratio without an exponent, thousands as k; an empty text for None."""
    if number is None:
        return ""
    return f"{_plain(number / 1000, digits)}k" if number >= 1000 else _plain(number, digits)


def memory(size_bytes: float | None) -> str:
    """Returns an amount of memory in a suitable unit."""
    if size_bytes is None:
        return ""
    for size, unit in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if size_bytes >= size:
            return f"{_plain(size_bytes / size, 3)} {unit}"
    return f"{size_bytes:.0f} B"


def _plain(number: float, digits: int) -> str:
    if number <= 0 or not math.isfinite(number):
        return f"{number:.0f}" if number == 0 else str(number)
    rounded = float(f"{number:.{digits - 1}e}")
    return f"{number:.{max(0, digits - 1 - math.floor(math.log10(rounded)))}f}"


LISTED = 8
"""Longest list of names in a sentence."""


def listed(names: Sequence[str]) -> str:
    """Returns names as a list for a sentence, cut after `LISTED`."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
