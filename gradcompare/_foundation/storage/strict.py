"""JSON as it can be meant: no name twice in an object, of which the last would win."""

import json
from collections import Counter
from typing import Any

from ..errors import InputError


def read_json(text: str | bytes) -> Any:
    """Returns the content of a JSON text.

    Raises:
        InputError: if it is none, or a name occurs twice in an object.
    """
    try:
        return json.loads(text, object_pairs_hook=_with_names_once)
    except InputError:
        raise
    except RecursionError as error:
        raise InputError("the JSON has too many lists inside each other") from error
    except ValueError as error:
        raise InputError(f"this is no JSON ({error})") from error


def _with_names_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    repeated = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if repeated:
        raise InputError(f"the JSON has the name {repeated[0]!r} twice; give it once")
    return dict(pairs)
