"""The user's code: its frames, and the text of its expressions.

With every operation, JAX keeps the calls that led to it. The innermost one outside of libraries
is the user's line; Python also knows the columns of the expression.
"""

import ast
import functools
import importlib.metadata
import importlib.util
import linecache
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, TracebackType

from .errors import LostDerivativeError, Untraceable
from .frames import span_of, stores_item
from .wording import beginning

HERE = Path(__file__).parent.parent


LIBRARIES = ("jax", "jaxlib", "numpy", "scipy")
"""Packages whose code is not the user's. Any other package is: it may hold the objective."""

FROZEN = "<frozen "
"""Start of the file names of Python's built-in modules."""

NOTEBOOK = "ipykernel_"
"""Start of the name of the folder in which cells of notebooks are files with numbers for names."""

OBJECTIVES = HERE / "objectives"
"""Folder of this package with functions of the kind that a user writes."""


def describe(error: BaseException) -> str:
    """Returns one line for a table: the type of `error`, its first line, and its notes."""
    untraceable = Untraceable.of(error)
    if untraceable is not None:
        where = place(error)
        return untraceable.value + (f" at {where}" if where else "")
    if isinstance(error, LostDerivativeError):
        return str(error)
    lines = str(error).strip().splitlines()
    notes = "; ".join(
        note for note in getattr(error, "__notes__", []) if note not in _notes_of_jax()
    )
    line = ": ".join([type(error).__name__, *map(beginning, lines[:1])])
    return f"{line} ({notes})" if notes else line


@functools.cache
def _notes_of_jax() -> tuple[str, ...]:
    """Returns the notes on its tracebacks that JAX adds to every error raised while it traces."""

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
    """Returns the file and line of the user's code that raised `error`; else an empty text."""
    step = _raised_in(error)
    return "" if step is None else line_of(step.tb_frame.f_code.co_filename, step.tb_lineno)


def writes_item(error: BaseException) -> bool:
    """Whether the user's code raised `error` where it assigns to an entry, as in `x[0] = 1`."""
    step = _raised_in(error)
    return step is not None and stores_item(step.tb_frame.f_code, step.tb_lasti)


def _raised_in(error: BaseException) -> TracebackType | None:
    """Returns the innermost step of the traceback that is in the user's code."""
    step, innermost = error.__traceback__, None
    while step is not None:
        innermost = step if is_users(step.tb_frame.f_code.co_filename) else innermost
        step = step.tb_next
    return innermost


def line_of(file: str, line: int) -> str:
    """Returns the file and the line as `loss.py:8`; in a notebook, `cell:8`."""
    path = Path(file)
    return f"{'cell' if path.parent.name.startswith(NOTEBOOK) else path.name}:{line}"


@functools.cache
def is_users(file: str) -> bool:
    """Whether a file is the user's: not of JAX, NumPy, SciPy, Python or this package.

    Code typed at a prompt, such as `<stdin>`, is the user's.
    """
    path = Path(file)
    if OBJECTIVES in path.parents:
        return True
    return not (file.startswith(FROZEN) or is_ours(file) or _is_python(path) or _is_library(path))


@functools.cache
def is_ours(file: str) -> bool:
    """Whether a file belongs to this package, and is no objective."""
    return HERE in (parents := Path(file).parents) and OBJECTIVES not in parents


def _is_python(path: Path) -> bool:
    """Whether a file belongs to a module of the standard library.

    Packages may be installed in a folder below the standard library; that folder is no module.
    """
    for root in _python_roots():
        if root in path.parents:
            module = path.relative_to(root).parts[0]
            return module.removesuffix(".py") in sys.stdlib_module_names
    return False


@functools.cache
def _python_roots() -> tuple[Path, ...]:
    roots = (Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))
    return tuple(dict.fromkeys(each for root in roots for each in (root, root.resolve())))


def _is_library(path: Path) -> bool:
    return any(root in path.parents for root in library_roots())


@functools.cache
def library_roots() -> tuple[Path, ...]:
    """Returns the folders of the installed libraries, without importing them."""

    def folders() -> Iterator[Path]:
        for name in LIBRARIES:
            spec = importlib.util.find_spec(name)
            for place in (spec and spec.submodule_search_locations) or ():
                yield from (Path(place), Path(place).resolve())

    return tuple(dict.fromkeys(folders()))


@functools.cache
def library_of(file: str) -> str:
    """Returns the name of the installed package that a file belongs to, or an empty text."""
    for name, module in list(sys.modules.items()):
        if getattr(module, "__file__", None) == file:
            top = name.partition(".")[0]
            return top if top in importlib.metadata.packages_distributions() else ""
    return ""


WIDTH = 60
"""Longest text of an expression."""


@dataclass(frozen=True)
class Place:
    """An expression in a source file.

    Attributes:
        file: The path of the file.
        line: The line where the expression begins, counted from 1.
        column: The column where it begins, counted from 1; 0 if unknown.
        text: The expression, on one line; empty if the file cannot be read.
        calls: The name of the function that it calls, such as `where`; empty for an operator.
        callee: The whole expression of that function, such as `jnp.where`.
        literals: Its arguments that are numbers; None for the others.
        function: The function that contains it, and the first line of that function.
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
        """The file and the line, as `loss.py:8`; in a notebook, `cell:8`."""
        return line_of(self.file, self.line)

    def __str__(self) -> str:
        return f"`{self.text}` ({self.where})" if self.text else self.where


def within(place: Place | None, other: Place | None) -> Place | None:
    """Returns the expression in the function of `other` that led to `place`; else `place`."""
    each = place
    while each is not None and other is not None:
        if (each.file, each.function) == (other.file, other.function):
            return each
        each = each.caller
    return place


@functools.lru_cache(maxsize=4096)
def place_in(code: CodeType, instruction: int) -> Place:
    """Returns the expression that the instruction at an offset comes from."""
    line, last, start, stop = span_of(code, instruction)
    if line is None:
        return Place(code.co_filename, code.co_firstlineno)
    if last is None or start is None or stop is None:
        return Place(
            code.co_filename, line, text=linecache.getline(code.co_filename, line).strip()
        )
    lines = [linecache.getline(code.co_filename, n).encode() for n in range(line, last + 1)]
    # Without the file, columns count bytes: they still tell two expressions apart.
    column = (len(lines[0][:start].decode(errors="replace")) if lines[0] else start) + 1
    lines[-1] = lines[-1][:stop]  # Python counts bytes
    lines[0] = lines[0][start:]
    text = " ".join(b" ".join(lines).decode(errors="replace").split())
    callee, literals = _call(text)
    name = callee.split(".")[-1]
    return Place(code.co_filename, line, column, shortened(text), name, callee, literals)


@functools.cache
def _call(text: str) -> tuple[str, tuple[float | None, ...]]:
    """Returns the function of a call, and its arguments that are numbers; nothing if no call."""
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
    """Returns the text, without its middle if it is long."""
    half = (WIDTH - 3) // 2
    return text if len(text) <= WIDTH else f"{text[:half]} … {text[-half:]}"
