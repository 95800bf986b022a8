"""Evaluates formulas in the syntax of JAX NumPy.

This module walks the syntax tree and does not compile it. So only operations with a rule here can
happen, and each failure can point at its part of the text. The values are those of JAX, so a
formula can be traced, differentiated and compiled like any function.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..._foundation.errors import InputError, UnknownNameError
from ..._foundation.limits.sizes import require_small
from ..._foundation.user_code import describe
from .syntax import BITS, Source, call_of, is_constant, names, parse
from .vocabulary import ATTRIBUTES, CONSTANTS, FUNCTIONS, OPERATORS

ARRAYS = (jax.Array, np.ndarray)

TOO_LARGE = f"the number is larger than 2**{BITS}; write large numbers as 1e30"


@dataclass(frozen=True, eq=False)
class Formula:
    """A formula that consists of allowed parts.

    Attributes:
        source: Its text.
        tree: Its syntax tree.
        names: The names that need values, in their order in the text; also `pi` and `e`, which
            have default values.
    """

    source: Source
    tree: ast.expr
    names: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Formula":
        """Reads a formula.

        Raises:
            InputError: if it is not Python, or a part of it is not allowed.
        """
        source = Source(" ".join(text.split()))
        tree = parse(source)
        return cls(source, tree, tuple(dict.fromkeys(names(tree, source))))

    def __call__(self, values: Mapping[str, Any]) -> Array:
        """Returns the value of the formula for these `values` of its names.

        Raises:
            InputError: if its parts do not fit together; the message points at the part.
        """
        walker = _Walker(self.source, {**CONSTANTS, **values})
        return walker.attempt(self.tree, _as_result, walker.value(self.tree))


@dataclass(frozen=True, eq=False)
class _Walker:
    """One evaluation of a formula."""

    source: Source
    values: Mapping[str, Any]

    def value(self, node: ast.AST) -> Any:
        match node:
            case ast.Constant(value=number):
                return number
            case ast.Name(id=name):
                if name not in self.values:
                    self.source.refuse(node, str(UnknownNameError("name", name, self.values)))
                return self.values[name]
            case ast.BinOp(left=left, op=op, right=right):
                return self.apply(node, OPERATORS[type(op)], self.value(left), self.value(right))
            case ast.UnaryOp(op=op, operand=operand):
                return self.apply(node, OPERATORS[type(op)], self.value(operand))
            case ast.Compare():
                return self.compared(node)
            case ast.List(elts=entries):
                return [self.value(entry) for entry in entries]
            case ast.Tuple(elts=entries):
                return tuple(self.value(entry) for entry in entries)
            case ast.Attribute(value=value, attr=name):
                if is_constant(node):
                    return CONSTANTS[name]
                return self.apply(node, ATTRIBUTES[name], self.value(value))
            case ast.Subscript(value=value, slice=index):
                return self.attempt(node, _entry, self.value(value), self.index(index))
            case ast.Call():
                return self.called(node)
        raise AssertionError(f"{type(node).__name__} was not refused")

    def apply(self, node: ast.AST, function: Callable[..., Any], *operands: Any) -> Any:
        """Applies an operator to arrays and numbers."""
        arrays = [self.attempt(node, as_array, operand) for operand in operands]
        return self.attempt(node, _exactly, function, *arrays)

    def compared(self, node: ast.Compare) -> Any:
        """Evaluates a < b < c as (a < b) & (b < c)."""
        parts = [self.value(part) for part in (node.left, *node.comparators)]
        pairs = [
            self.apply(node, OPERATORS[type(op)], *pair)
            for op, pair in zip(node.ops, pairwise(parts), strict=True)
        ]
        result, *others = pairs
        for other in others:
            result = result & other
        return result

    def called(self, node: ast.Call) -> Any:
        name, arguments = call_of(node, self.source)
        function = FUNCTIONS[name]
        operands = [self.value(argument) for argument in arguments]
        keywords = {str(k.arg): self.value(k.value) for k in node.keywords}
        for number, argument in enumerate(operands):
            if function.gathers and number == 0 and isinstance(argument, (list, tuple)):
                operands[0] = [self.attempt(node, as_array, entry) for entry in argument]
            elif not _is_shape(argument) and not isinstance(argument, str):
                operands[number] = self.attempt(node, as_array, argument)
        return self.attempt(node, function.call, *operands, **keywords)

    def index(self, node: ast.AST | None) -> Any:
        match node:
            case None:
                return None
            case ast.Tuple(elts=parts):
                return tuple(self.index(part) for part in parts)
            case ast.Slice(lower=lower, upper=upper, step=step):
                return slice(self.index(lower), self.index(upper), self.index(step))
        index = self.value(node)
        whole = index if isinstance(index, list) else [index]
        if index is not None and index is not ... and not all(type(i) is int for i in whole):
            self.source.refuse(node, "this index is not a whole number; give a constant such as 0")
        return index

    def attempt(
        self, node: ast.AST, function: Callable[..., Any], *operands: Any, **keywords: Any
    ) -> Any:
        """Calls a function; an error points at the part of the formula."""
        try:
            result = function(*operands, **keywords)
            if isinstance(result, ARRAYS):
                require_small(result.shape)
            return result
        except Exception as error:
            if isinstance(error, InputError) and "^" in str(error):
                raise
            reason = str(error) if isinstance(error, InputError) else describe(error)
            shapes = [str(x.shape) for x in operands if isinstance(x, ARRAYS)]
            of = f" (for the shapes {' and '.join(shapes)})" if shapes else ""
            self.source.refuse(node, f"this cannot be evaluated{of}: {reason}", error)


def as_array(value: Any) -> Any:
    """Converts a list to an array; arrays and numbers are returned unchanged."""
    if not isinstance(value, (list, tuple)):
        return value
    entries = [_floating(as_array(entry)) for entry in value]
    shapes = {np.shape(entry) for entry in entries}
    if len(shapes) > 1:
        raise InputError(
            f"the entries have the shapes {', '.join(map(str, sorted(shapes)))}; "
            "give entries of one shape, or use concatenate"
        )
    # Numbers take the dtype of the arrays beside them.
    dtype = jnp.result_type(*entries)
    return jnp.stack([jnp.asarray(entry, dtype) for entry in entries])


def _as_result(value: Any) -> Array:
    return jnp.asarray(_floating(as_array(value)))


def _floating(value: Any) -> Any:
    return float(value) if type(value) is int else value


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple) and all(type(number) is int for number in value)


def _exactly(function: Callable[..., Any], *operands: Any) -> Any:
    """Applies an operator; refuses results of whole numbers that are too large."""
    whole = all(type(operand) is int for operand in operands)
    if whole and function is operator.pow:
        base, exponent = operands
        if abs(base) > 1 and exponent * (abs(base).bit_length() - 1) > BITS:
            raise InputError(TOO_LARGE)
    result = function(*operands)
    if whole and type(result) is int and result.bit_length() > BITS:
        raise InputError(TOO_LARGE)
    if isinstance(result, complex):
        raise InputError("the result is a complex number")
    return result


def _entry(value: Any, index: Any) -> Any:
    """Returns value[index]; for an index outside, JAX would return the last entry."""
    if not _is_shape(value):
        value = as_array(value)
        np.broadcast_to(0, np.shape(value))[_as_numpy(index)]
    return value[_as_numpy(index)]


def _as_numpy(index: Any) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    parts = tuple(np.array(part) if isinstance(part, list) else part for part in parts)
    return parts if isinstance(index, tuple) else parts[0]
