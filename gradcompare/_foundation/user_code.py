"""The user's code: which frames are the user's, and how an expression of theirs reads.

JAX keeps with every operation the calls that led to it. The innermost one outside of libraries
is the user's line; Python knows the columns of the expression as well.
"""

import ast
import functools
import linecache
import sysconfig
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import TypeVar

from .frames import span_of

T = TypeVar("T")


HERE = Path(__file__).parent.parent


LIBRARIES = frozenset({"site-packages", "dist-packages"})


NOTEBOOK = "ipykernel_"
"""Cells of notebooks are files with numbers for names, in a folder that is called so."""


STDLIB = Path(sysconfig.get_path("stdlib"))


WRITTEN = HERE / "objectives"
"""The one place in this package that holds functions of the kind a user writes."""


UNTRACEABLE = {
    "TracerArrayConversionError": "NumPy is called on a traced value",
    "TracerBoolConversionError": "Python branches on a traced value",
    "TracerIntegerConversionError": "a traced value is used as an index or a count",
    "ConcretizationTypeError": "Python needs the number behind a traced value",
}
"""What JAX raises where a function cannot be traced, by the names of its classes."""


def is_untraceable(error: BaseException) -> bool:
    """Whether JAX could not trace a function, which says nothing about the function itself."""
    return type(error).__name__ in UNTRACEABLE


def describe(error: BaseException) -> str:
    """Returns one line for a table: the type of `error`, its first line, and its notes."""
    if is_untraceable(error):
        where = place(error)
        return UNTRACEABLE[type(error).__name__] + (f" at {where}" if where else "")
    lines = str(error).strip().splitlines()
    # JAX adds a note about its own tracebacks, which starts with a rule.
    notes = "; ".join(n for n in getattr(error, "__notes__", []) if not n.startswith("---"))
    said = ": ".join([type(error).__name__, *lines[:1]])
    return f"{said} ({notes})" if notes else said


def place(error: BaseException) -> str:
    """Returns the file and line of the user's code that raised `error`, or nothing."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        if is_users(frame.f_code.co_filename):
            return line_of(frame.f_code.co_filename, line)
    return ""


def line_of(file: str, line: int) -> str:
    """Returns the file and the line as `loss.py:8`; of a notebook, `cell:8`."""
    path = Path(file)
    return f"{'cell' if path.parent.name.startswith(NOTEBOOK) else path.name}:{line}"


@functools.cache
def is_users(file: str) -> bool:
    """Whether a file is of the user's own code, and of no library."""
    path = Path(file)
    if WRITTEN in path.parents:  # in an installed package, too
        return True
    library = LIBRARIES & set(path.parts) or STDLIB in path.parents
    return not library and HERE not in path.parents


def guarded(function: Callable[[], T]) -> T | Exception:
    """Calls a function that runs the user's code; what it raises is returned."""
    try:
        return function()
    except Exception as error:
        return error


WIDTH = 60
"""Longer expressions are cut."""


@dataclass(frozen=True)
class Place:
    """An expression in a source file.

    Attributes:
        file: The path of the file.
        line: Where the expression begins, counted from 1.
        column: The same within the line, counted from 1; 0 if that is not known.
        text: The expression, on one line; nothing if the file cannot be read.
        calls: The name of the function that is called there, such as `where`; nothing for an
            operator.
        function: The function that it is in, and the line where that begins.
        caller: The expression that called this function.
    """

    file: str
    line: int
    column: int = 0
    text: str = ""
    calls: str = ""
    function: tuple[str, int] = ("", 0)
    caller: "Place | None" = None

    @property
    def where(self) -> str:
        """The file and the line, as `loss.py:8`; of a notebook, `cell:8`."""
        return line_of(self.file, self.line)

    def __str__(self) -> str:
        return f"`{self.text}` ({self.where})" if self.text else self.where


def within(place: Place | None, other: Place | None) -> Place | None:
    """Returns the expression in the function of `other` that led to `place`, if there is one."""
    each = place
    while each is not None and other is not None:
        if (each.file, each.function) == (other.file, other.function):
            return each
        each = each.caller
    return place


@functools.lru_cache(maxsize=4096)
def place_in(code: CodeType, instruction: int) -> Place:
    """Returns the expression that an instruction comes from, which is given by its offset."""
    line, last, start, stop = span_of(code, instruction)
    if line is None:
        return Place(code.co_filename, code.co_firstlineno)
    if last is None or start is None or stop is None:
        return Place(
            code.co_filename, line, text=linecache.getline(code.co_filename, line).strip()
        )
    lines = [linecache.getline(code.co_filename, n).encode() for n in range(line, last + 1)]
    # Without the file at hand, bytes have to do: they still tell two expressions apart.
    column = (len(lines[0][:start].decode(errors="replace")) if lines[0] else start) + 1
    lines[-1] = lines[-1][:stop]  # Python counts bytes
    lines[0] = lines[0][start:]
    text = " ".join(b" ".join(lines).decode(errors="replace").split())
    return Place(code.co_filename, line, column, shortened(text), _called(text))


@functools.cache
def _called(text: str) -> str:
    """The last name of the function, if an expression is a call."""
    try:
        expression = ast.parse(text, mode="eval").body
    except SyntaxError:
        return ""
    return ast.unparse(expression.func).split(".")[-1] if isinstance(expression, ast.Call) else ""


def shortened(text: str) -> str:
    """The text with its middle left out, if it is long."""
    half = (WIDTH - 3) // 2
    return text if len(text) <= WIDTH else f"{text[:half]} … {text[-half:]}"
