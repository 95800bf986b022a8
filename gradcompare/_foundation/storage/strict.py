"""JSON as it can be meant: no name twice in an object, of which the last would win."""

import json
import types
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin


def read_json(text: str | bytes) -> Any:
    """Returns the content of a JSON text.

    Raises:
        ValueError: if it is none, is too deep, or has a name twice in an object.
    """
    try:
        return json.loads(text, object_pairs_hook=_with_names_once)
    except RecursionError as error:
        raise ValueError("too many lists inside each other") from error


def _with_names_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    repeated = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if repeated:
        raise ValueError(f"the name {repeated[0]!r} occurs twice in an object")
    return dict(pairs)


def require_types(body: Mapping[str, Any], annotations: Mapping[str, Any]) -> None:
    """Checks that the fields of an object which are there have their types.

    Raises:
        TypeError: if one has another.
    """
    for name in annotations.keys() & body.keys():
        kind = annotations[name]
        kinds = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
        if not any(_is_one(body[name], each) for each in kinds):
            raise TypeError(f"{name} is of type {type(body[name]).__name__}")


def _is_one(value: Any, kind: Any) -> bool:
    origin = get_origin(kind)
    if origin is Literal:
        return value in get_args(kind)
    if kind in (int, float):
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole or (kind is float and isinstance(value, float))
    if origin in (tuple, list):
        return isinstance(value, (tuple, list))
    return not isinstance(kind, type) or isinstance(value, kind)
