"""The syntax of formulas: the parts that Python's syntax tree may have, and their places.

A formula is parsed with `ast` and checked before anything is evaluated. Parts that are not
described below are refused, and the message points at them.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from types import EllipsisType
from typing import NoReturn

from ..._foundation.errors import InputError, UnknownNameError
from .vocabulary import ATTRIBUTES, CONSTANTS, FUNCTIONS, METHODS, OPERATORS, PREFIXES

LONGEST, DEEPEST, BITS = 10_000, 100, 63
"""Limits of a formula: characters, levels of nesting, bits of a whole number."""

TOO_DEEP = (
    f"the formula has more than {DEEPEST} parts inside each other; write sums over arrays, "
    "or put the functions into a file"
)

SHOWN = 100
"""Number of characters that a message shows around a mistake."""

ALLOWED = (
    "a formula consists of numbers, names, + - * / ** @, comparisons with & | ~, "
    "indices such as x[0] or X[:, 1], lists, and calls of known functions"
)

LOOP = "a comprehension cannot be used; write arrays, not loops"

INSTEAD: dict[type[ast.AST], str] = {
    ast.BitXor: "^ is not a power here; write **",
    ast.IfExp: "if and else cannot be used; write where(condition, a, b)",
    ast.BoolOp: "and, or cannot be used; write & and |, with the comparisons in parentheses",
    ast.Not: "not cannot be used; write ~, with the comparison in parentheses",
    ast.Lambda: "a lambda cannot be used",
    ast.ListComp: LOOP,
    ast.SetComp: LOOP,
    ast.DictComp: LOOP,
    ast.GeneratorExp: LOOP,
    ast.NamedExpr: "an assignment := cannot be used",
    ast.JoinedStr: "an f-string cannot be used",
    ast.Starred: "a starred argument cannot be used",
}
"""Messages for parts of Python that users may try."""


@dataclass(frozen=True)
class Source:
    """The text of a formula on one line, with the means to point at its parts."""

    text: str

    def refuse(self, node: ast.AST, reason: str, cause: Exception | None = None) -> NoReturn:
        """Raises an InputError with the reason, and points at the part."""
        start, end = (
            self._column(getattr(node, name)) for name in ("col_offset", "end_col_offset")
        )
        raise InputError(f"{reason}\n{self.pointed(start, end)}") from cause

    def pointed(self, start: int, end: int) -> str:
        """Returns the text around these columns, and a line of marks below them."""
        first = max(0, start - SHOWN // 2)
        shown = self.text[first : first + SHOWN]
        marks = "^" * max(1, min(end - first, len(shown)) - (start - first))
        return f"  {shown}\n  {' ' * (start - first)}{marks}"

    def written(self, node: ast.expr) -> str:
        """Returns a part as it is written: Python makes the micro sign a Greek letter, µ."""
        return self.text.encode()[node.col_offset : node.end_col_offset].decode()

    def _column(self, offset: int) -> int:
        # Python counts bytes; a reader counts characters.
        return len(self.text.encode()[:offset].decode(errors="ignore"))


def parse(source: Source) -> ast.expr:
    """Returns the syntax tree of a formula.

    Raises:
        InputError: if it is empty, too long, too deep, or not Python.
    """
    text = source.text
    if not text:
        raise InputError(f"the formula is empty; {ALLOWED}")
    if "#" in text:  # the lines of a formula are one: a comment would swallow the others
        at = text.index("#")
        raise InputError(f"a comment # cannot be used\n{source.pointed(at, at + 1)}")
    if len(text) > LONGEST:
        raise InputError(f"the formula has {len(text)} characters; write at most {LONGEST}")
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        at = min(max(1, error.offset or 1), len(text) + 1)
        raise InputError(
            f"this is not a formula: {error.msg}; {ALLOWED}\n{source.pointed(at - 1, at)}"
        ) from error
    except (MemoryError, RecursionError) as error:
        raise InputError(TOO_DEEP) from error
    except ValueError as error:
        raise InputError(f"this is not a formula: {error}; {ALLOWED}") from error
    # Level by level, so that the check of the depth needs no recursion itself.
    level: list[ast.AST] = [tree]
    depth = 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise InputError(TOO_DEEP)
        for node in level:
            if isinstance(node, ast.Name):
                node.id = source.written(node)
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return tree


def names(node: ast.AST, source: Source) -> Iterator[str]:
    """Yields the names in a formula that need values.

    Raises:
        InputError: if a part of the formula is not allowed.
    """
    match node:
        case ast.Constant(value=value):
            _require_number(value, node, source)
        case ast.Name(id=name):
            yield name
        case ast.BinOp(left=left, op=op, right=right):
            yield from _all([left, right], source, node, op)
        case ast.UnaryOp(op=op, operand=operand):
            yield from _all([operand], source, node, op)
        case ast.Compare(left=left, ops=ops, comparators=others):
            yield from _all([left, *others], source, node, *ops)
        case ast.List(elts=entries) | ast.Tuple(elts=entries):
            if not entries:
                source.refuse(node, "this list is empty; give it entries")
            yield from _all(entries, source, node)
        case ast.Attribute(value=value, attr=name):
            if not is_constant(node):
                if name not in ATTRIBUTES:
                    _refuse_attribute(node, source)
                yield from names(value, source)
        case ast.Subscript(value=value, slice=index):
            yield from names(value, source)
            yield from _index_names(index, source)
        case ast.Call():
            yield from _call_names(node, source)
        case _:
            _refuse_part(node, type(node), source)


def is_constant(node: ast.Attribute) -> bool:
    """Returns whether this is a constant such as `jnp.pi`."""
    return _dotted(node.value) in PREFIXES and node.attr in CONSTANTS


def call_of(call: ast.Call, source: Source) -> tuple[str, list[ast.expr]]:
    """Returns the name of the function called, and its positional arguments."""
    match call.func:
        case ast.Name(id=name):
            pass
        case ast.Attribute(value=value, attr=name) if _dotted(value) in PREFIXES:
            pass
        case ast.Attribute(value=value, attr=name) if name in METHODS:
            return name, [value, *call.args]
        case ast.Attribute() as attribute:
            _refuse_attribute(attribute, source)
        case other:
            source.refuse(other, "only functions can be called, and by name")
    if name not in FUNCTIONS:
        source.refuse(call.func, str(UnknownNameError("function", name, FUNCTIONS)))
    return name, call.args


def _all(parts: list, source: Source, node: ast.AST, *operators: ast.AST) -> Iterator[str]:
    for op in operators:
        if type(op) not in OPERATORS:
            _refuse_part(node, type(op), source)
    for part in parts:
        yield from names(part, source)


def _call_names(call: ast.Call, source: Source) -> Iterator[str]:
    name, arguments = call_of(call, source)
    function = FUNCTIONS[name]
    if function.most is not None and len(arguments) > function.most[0]:
        source.refuse(call, f"{name} takes one array, and axis=; {function.most[1]}")
    for argument in arguments:
        if not (function.text and _is(argument, str)):
            yield from names(argument, source)
    for keyword in call.keywords:
        if keyword.arg not in function.keywords:
            name_of_keyword = f"{keyword.arg}=" if keyword.arg else "**"
            may = ", ".join(f"{k}=" for k in function.keywords) or "none"
            source.refuse(keyword, f"{name} does not take {name_of_keyword} here; it takes {may}")
        if not (_is(keyword.value, bool) or (function.text and _is(keyword.value, str))):
            yield from names(keyword.value, source)


def _index_names(index: ast.AST, source: Source) -> Iterator[str]:
    match index:
        case ast.Tuple(elts=parts):
            for part in parts:
                yield from _index_names(part, source)
        case ast.Slice(lower=lower, upper=upper, step=step):
            for part in (lower, upper, step):
                if part is not None:
                    yield from names(part, source)
        case ast.Constant(value=None) | ast.Constant(value=EllipsisType()):
            pass
        case _:
            yield from names(index, source)


def _is(node: ast.AST, kind: type) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, kind)


def _dotted(node: ast.AST) -> str:
    """Returns a dotted name such as `jax.numpy`; for other parts, a text that is no name."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{_dotted(value)}.{name}"
    return "."


def _require_number(value: object, node: ast.AST, source: Source) -> None:
    if type(value) not in (int, float):
        source.refuse(node, f"{value!r} is not a real number; {ALLOWED}")
    if type(value) is int and value.bit_length() > BITS:
        source.refuse(node, f"this number is larger than 2**{BITS}; write it as 1e30")


def _refuse_attribute(node: ast.Attribute, source: Source) -> NoReturn:
    names = f"{', '.join(sorted(ATTRIBUTES))} and the methods {', '.join(sorted(METHODS))}"
    if _dotted(node.value).partition(".")[0] in PREFIXES | {"jax", "scipy"}:
        source.refuse(node, str(UnknownNameError("function", node.attr, FUNCTIONS)))
    source.refuse(node, f".{node.attr} cannot be used; an array has {names}()")


def _refuse_part(node: ast.AST, kind: type[ast.AST], source: Source) -> NoReturn:
    reason = INSTEAD.get(kind, f"{kind.__name__} cannot be used")
    source.refuse(node, f"{reason}; {ALLOWED}")
