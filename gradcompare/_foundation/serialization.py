"""Results as JSON: which types are written how, for cattrs, which does the rest."""

import enum
import math
from typing import Any

import cattrs
import numpy as np


def make_converter() -> cattrs.Converter:
    """Returns a converter for our dataclasses, in strict JSON.

    Arrays become lists, and numbers that JSON has no word for the strings `nan`, `inf`
    and `-inf`. Enumerations go by name. Every float64 comes back bit by bit, since Python
    prints the shortest text that reads back as the same number.
    """
    converter = cattrs.Converter(detailed_validation=False)
    converter.register_unstructure_hook(float, _number)
    converter.register_structure_hook(float, lambda value, _: float(value))
    converter.register_unstructure_hook(np.ndarray, _numbers)
    converter.register_unstructure_hook_func(_is_array, _numbers)
    converter.register_structure_hook_func(
        _is_array, lambda values, _: np.array([_read(value) for value in values])
    )
    converter.register_unstructure_hook(enum.Enum, lambda member: member.name)
    # By the class, not by a predicate: cattrs 24.1 to 25.1 have a hook of their own for the class,
    # which would come first and read a member by its value.
    converter.register_structure_hook(enum.Enum, lambda name, kind: kind[name])
    return converter


def _numbers(array: np.ndarray) -> list[float | str]:
    return [_number(value) for value in array.tolist()]


def _read(value: float | str | bool) -> float | bool:
    return value if isinstance(value, bool) else float(value)


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _is_array(kind: Any) -> bool:
    return getattr(kind, "__module__", None) == "jaxtyping"
