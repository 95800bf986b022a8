"""Where in the user's code an operation of a traced program stands, and how it reads there.

JAX keeps with every operation the calls that led to it. The innermost one outside of libraries
is the user's line; Python knows the columns of the expression as well.
"""

import ast
import functools
import itertools
import linecache
from dataclasses import dataclass, replace
from types import CodeType

from jax.extend.core import JaxprEqn

from ._errors import is_users, line_of

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


def place_of(equation: JaxprEqn) -> Place | None:
    """Returns the expression of the user's code that an operation comes from, if it is known.

    An operation inside of a compiled function of a library, such as `jnp.where`, may carry the
    place where that function was called first: ask for the place of the call instead.
    """
    traceback = equation.source_info.traceback
    if traceback is None:
        return None
    place = None
    for code, instruction in reversed(list(zip(*traceback.raw_frames(), strict=True))):
        if is_users(code.co_filename):
            function = (code.co_qualname, code.co_firstlineno)
            place = replace(place_in(code, instruction), function=function, caller=place)
    return place


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
    positions = itertools.islice(code.co_positions(), instruction // 2, None)
    line, last, start, stop = next(positions, (None,) * 4)
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
