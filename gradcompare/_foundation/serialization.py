"""The common part of all results: `ok`, no truth value, and JSON both ways.

cattrs reads the type hints of our dataclasses; this module adds what it does not know: numbers
that JSON cannot express, arrays, and pytrees of arrays.
"""

import abc
import enum
import json
import math
from typing import Any, ClassVar, NoReturn, Self

import cattrs
import jax.tree_util as jtu
import numpy as np

from .errors import InputError
from .hypertext.templates import preformatted
from .storage.strict import read_json

FORMAT = 2
"""Version of the JSON layout; in version 1 a result, and not its points, held the sources."""


class Outcome(abc.ABC):
    """The result of a function of the library. `str` gives the report for the reader."""

    _json_option: ClassVar[str] = ""
    """The option of the command line that writes it as JSON, followed by `or`; or nothing."""

    @property
    @abc.abstractmethod
    def ok(self) -> bool:
        """Whether the result is as it should be."""

    def __bool__(self) -> NoReturn:
        verdict = " or its .verdict" if hasattr(type(self), "verdict") else ""
        raise TypeError(f"{_a(type(self))} is neither true nor false; ask for its .ok{verdict}")

    def _repr_html_(self) -> str:
        """Returns what a notebook shows."""
        return preformatted(str(self))

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as plain data that JSON can hold."""
        head = {"format": FORMAT, "kind": type(self).__name__, "ok": self.ok}
        return head | make_converter().unstructure(self)

    def to_json(self) -> str:
        """Returns the result as JSON text, with numbers in full precision."""
        return json.dumps(self.to_dict(), allow_nan=False, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Reads back what `to_json` wrote.

        Raises:
            InputError: if `text` is something else, or of another format.
        """
        try:
            body = read_json(text)
            version, kind = body.pop("format"), body.pop("kind", cls.__name__)
            if version == 1:
                body = cls._from_format_1(body)
            elif version != FORMAT:
                raise InputError(
                    f"the file is of format {version}, this version reads {FORMAT}; write it again"
                )
            if kind != cls.__name__:
                raise InputError(f"this is a {kind}, not {_a(cls)}; read it with {kind}.from_json")
            read = make_converter().structure(body, cls)
            str(read)  # which shows whether its parts fit together
            return read
        except InputError:
            raise
        except Exception as error:  # whatever a damaged file leads to
            raise InputError(
                f"not {_a(cls)} written by gradcompare ({error!r}); "
                f"give a file made with {cls._json_option}{cls.__name__}.to_json"
            ) from error

    @classmethod
    def _from_format_1(cls, body: dict[str, Any]) -> dict[str, Any]:
        """Converts version 1 of the JSON layout to the present one."""
        return body


def _a(kind: type) -> str:
    """Returns the name of a class with its article."""
    return f"{'an' if kind.__name__[0] in 'AEIOU' else 'a'} {kind.__name__}"


def make_converter() -> cattrs.Converter:
    """Returns a converter for our dataclasses, in strict JSON.

    Arrays become lists, and numbers that JSON cannot express the strings `nan`, `inf` and
    `-inf`. Enumerations go by name. Every float64 comes back bit by bit, since Python prints
    the shortest text that reads back as the same number.
    """
    converter = cattrs.Converter(detailed_validation=False)
    converter.register_unstructure_hook(float, _number)
    converter.register_structure_hook(float, lambda value, _: float(value))
    converter.register_unstructure_hook(np.ndarray, _write)
    converter.register_unstructure_hook_func(_is_array, _write)
    converter.register_structure_hook_func(_is_array, lambda data, _: _read(data))
    converter.register_unstructure_hook(enum.Enum, lambda member: member.name)
    # By the class, not by a predicate: the class's own hook in cattrs 24.1 to 25.1 would come
    # first and read a member by its value.
    converter.register_structure_hook(enum.Enum, lambda name, kind: kind[name])
    return converter


def _write(tree: Any) -> Any:
    """Returns an array, or a pytree of arrays, as plain data.

    A vector is a list of numbers. Other arrays, dictionaries, lists and tuples carry their kind,
    so that they can be read back. The other containers that JAX knows become tuples.
    """
    if tree is None:
        return None
    if isinstance(tree, dict):
        return {"dict": [[key, _write(part)] for key, part in tree.items()]}
    if isinstance(tree, (np.ndarray, np.generic, float)):
        array = np.asarray(tree)
        entries = [_number(value) for value in array.reshape(-1).tolist()]
        return entries if array.ndim == 1 else {"shape": list(array.shape), "entries": entries}
    kind = "list" if isinstance(tree, list) else "tuple"
    return {kind: [_write(part) for part in _children(tree)]}


def _children(tree: Any) -> list[Any]:
    """Returns the parts of a container, one level down."""
    return jtu.tree_leaves(tree, is_leaf=lambda node: node is not tree)


def _read(data: Any) -> Any:
    """Reverses `_write`."""
    if data is None:
        return None
    if isinstance(data, list):
        return np.array([_read_number(value) for value in data])
    [(kind, parts), *rest] = data.items()
    if kind == "shape":
        return _read(dict(rest)["entries"]).reshape(parts)
    if kind == "dict":
        return {key: _read(part) for key, part in parts}
    return {"list": list, "tuple": tuple}[kind](_read(part) for part in parts)


def _read_number(value: float | str | bool) -> float | bool:
    return value if isinstance(value, bool) else float(value)


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _is_array(kind: Any) -> bool:
    return getattr(kind, "__module__", None) == "jaxtyping"
