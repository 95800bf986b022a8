"""The user's code: which frames are the user's, and how an expression of theirs reads.

JAX keeps with every operation the calls that led to it. The innermost one outside of libraries
is the user's line; Python knows the columns of the expression as well.
"""

import ast
import functools
import importlib.util
import linecache
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

from .errors import Untraceable
from .frames import span_of

HERE = Path(__file__).parent.parent


LIBRARIES = ("jax", "jaxlib", "numpy", "scipy")
"""The packages whose code is not the user's. Any other package is: it may hold the objective."""


FROZEN = "<frozen "
"""How Python names the files of those of its own modules that are built in."""


NOTEBOOK = "ipykernel_"
"""Cells of notebooks are files with numbers for names, in a folder that is called so."""


WRITTEN = HERE / "objectives"
"""The one place in this package that holds functions of the kind a user writes."""


def describe(error: BaseException) -> str:
    """Returns one line for a table: the type of `error`, its first line, and its notes."""
    untraceable = Untraceable.of(error)
    if untraceable is not None:
        where = place(error)
        return untraceable.value + (f" at {where}" if where else "")
    lines = str(error).strip().splitlines()
    notes = "; ".join(
        note for note in getattr(error, "__notes__", []) if note not in _notes_of_jax()
    )
    said = ": ".join([type(error).__name__, *lines[:1]])
    return f"{said} ({notes})" if notes else said


@functools.cache
def _notes_of_jax() -> tuple[str, ...]:
    """What JAX adds, about its own tracebacks, to every error that is raised while it traces."""

    def fails() -> None:
        raise LookupError

    jax = sys.modules.get("jax")
    if jax is None:
        return ()
    try:
        jax.eval_shape(fails)
    except LookupError as error:
        return tuple(getattr(error, "__notes__", ()))
    return ()


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
    """Whether a file is of the user's own code: not of JAX, NumPy, SciPy, Python or this package.

    What is typed at a prompt, such as `<stdin>`, is the user's.
    """
    path = Path(file)
    if WRITTEN in path.parents:
        return True
    return not (file.startswith(FROZEN) or is_ours(file) or _is_python(path) or _is_library(path))


@functools.cache
def is_ours(file: str) -> bool:
    """Whether a file is of this package, and no objective."""
    return HERE in (parents := Path(file).parents) and WRITTEN not in parents


def _is_python(path: Path) -> bool:
    """Whether a file is of the standard library, by the module of it that it belongs to.

    Packages may be installed in a folder below the standard library, which is no module.
    """
    for root in _python_roots():
        if root in path.parents:
            module = path.relative_to(root).parts[0]
            return module.removesuffix(".py") in sys.stdlib_module_names
    return False


@functools.cache
def _python_roots() -> tuple[Path, ...]:
    given = (Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))
    return tuple(dict.fromkeys(each for root in given for each in (root, root.resolve())))


def _is_library(path: Path) -> bool:
    return any(root in path.parents for root in library_roots())


@functools.cache
def library_roots() -> tuple[Path, ...]:
    """Returns the folders of the libraries, where they are installed; none is imported for it."""

    def found() -> Iterator[Path]:
        for name in LIBRARIES:
            spec = importlib.util.find_spec(name)
            for place in (spec and spec.submodule_search_locations) or ():
                yield from (Path(place), Path(place).resolve())

    return tuple(dict.fromkeys(found()))


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
        callee: The whole expression of that function, such as `jnp.where`.
        literals: Its arguments, where they are numbers; None for others.
        function: The function that it is in, and the line where that begins.
        caller: The expression that called this function.
    """

    file: str
    line: int
    column: int = 0
    text: str = ""
    calls: str = ""
    callee: str = ""
    literals: tuple[float | None, ...] = ()
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
    callee, literals = _call(text)
    name = callee.split(".")[-1]
    return Place(code.co_filename, line, column, shortened(text), name, callee, literals)


@functools.cache
def _call(text: str) -> tuple[str, tuple[float | None, ...]]:
    """The function, and those of its arguments that are numbers, if an expression is a call."""
    try:
        expression = ast.parse(text, mode="eval").body
    except SyntaxError:
        return "", ()
    if not isinstance(expression, ast.Call):
        return "", ()
    values = (arg.value if isinstance(arg, ast.Constant) else None for arg in expression.args)
    literals = (float(value) if isinstance(value, (int, float)) else None for value in values)
    return ast.unparse(expression.func), tuple(literals)


def shortened(text: str) -> str:
    """The text with its middle left out, if it is long."""
    half = (WIDTH - 3) // 2
    return text if len(text) <= WIDTH else f"{text[:half]} … {text[-half:]}"
