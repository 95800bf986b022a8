"""The arguments of a function by name, as the command line gives them: numbers, shapes, files.

Where there is only a shape, numbers are drawn: of the size of one, no two entries alike, inside
the domain. The numbers of a name depend on the name and the seed, not on what else is drawn.
"""

import json
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, PyTree

from ..._foundation.errors import InputError
from ..._foundation.user_code import describe
from ..._model.domain import bounds_of

NAMED = re.compile(r"\s*([^\W\d]\w*)\s*=(?!=)(.*)", re.DOTALL)
"""NAME=rest, which no formula is."""

FILES = (".npz", ".npy", ".json")

DRAWN: dict[str, Callable[[Float[np.ndarray, "..."]], Float[np.ndarray, "..."]]] = {
    "real": lambda z: z,
    "positive": lambda z: np.exp(z / 2),
    "nonnegative": lambda z: np.exp(z / 2),
    "negative": lambda z: -np.exp(z / 2),
    "unit": lambda z: 1 / (1 + np.exp(-z)),
}
"""How normal numbers become numbers of a domain."""


@dataclass(frozen=True)
class NamedValues:
    """What is known of arguments by name.

    Attributes:
        values: Numbers, arrays and trees.
        shapes: The shapes of the numbers to draw, or of those in `values`.
        domains: The domains; under "" the one for all parameters.
        parameters: The arguments to differentiate by; empty where none are named.
        seed: The seed of the numbers that are drawn.
        symmetric: Whether square matrices are drawn symmetric.
    """

    values: Mapping[str, PyTree]
    shapes: Mapping[str, tuple[int, ...]]
    domains: Mapping[str, str]
    parameters: tuple[str, ...]
    seed: int = 0
    symmetric: bool = False

    @classmethod
    def of(
        cls,
        at: Iterable[str],
        shapes: Iterable[str],
        domains: Iterable[str],
        parameters: Iterable[str],
        **others: Any,
    ) -> "NamedValues":
        """Reads the options of the command line; of --at, those of the form NAME=numbers.

        Raises:
            InputError: if one of them cannot be read.
        """
        numbers = [named(text, "at", "w=0.3,1.2") for text in at if "=" in text]
        values = {name: read_numbers(name, text) for name, text in numbers}
        pairs = dict(named(text, "shape", "X=50,3") for text in shapes)
        read = [named(text, "domain", "w=positive") for text in domains if "=" in text]
        read += [("", text) for text in domains if "=" not in text]
        for _, domain in read:
            bounds_of(domain)
        shaped = {name: _shape(name, text) for name, text in pairs.items()}
        return cls(values, shaped, dict(read), tuple(parameters), **others)

    def with_values(self, values: Mapping[str, PyTree]) -> "NamedValues":
        """Returns the same with `values` for the names that have none."""
        return replace(self, values={**values, **self.values})

    @property
    def names(self) -> tuple[str, ...]:
        """Every name about which something is known, the parameters first."""
        known = (self.parameters, self.shapes, self.values, filter(None, self.domains))
        return tuple(dict.fromkeys(name for names in known for name in names))

    def value(self, name: str) -> PyTree:
        """Returns the value of a name, or draws it.

        Raises:
            InputError: if the numbers do not fill the shape.
        """
        shape = self.shapes.get(name, ())
        if name not in self.values:
            return self._draw(name, shape)
        value = self.values[name]
        if name not in self.shapes:
            return value
        if np.size(value) != np.prod(shape):
            raise InputError(
                f"--at gives {np.size(value)} numbers for {name}, whose shape is "
                f"{list(shape)}; give {np.prod(shape)}"
            )
        return np.reshape(value, shape)

    def domain(self, name: str) -> str:
        """Returns the domain of a name."""
        return self.domains.get(name, self.domains.get("", "real"))

    def drawn(self, names: Iterable[str]) -> str:
        """Returns a line that says which of these names are drawn, or nothing."""
        words = [_described(n, self.value(n)) for n in names if n not in self.values]
        return f"drawn with seed {self.seed}: {', '.join(words)}" if words else ""

    def _draw(self, name: str, shape: tuple[int, ...]) -> Float[np.ndarray, "..."]:
        rng = np.random.default_rng([self.seed, zlib.crc32(name.encode())])
        normal = rng.standard_normal(shape)
        if self.symmetric and len(shape) == 2 and shape[0] == shape[1]:
            normal = (normal + normal.T) / 2
        of_name = name in self.domains or name in self.parameters
        return np.asarray(DRAWN[self.domain(name) if of_name else "real"](normal))


def places(at: Iterable[str]) -> list[str]:
    """Returns those --at options that name a file or a variable, and no numbers."""
    return [text for text in at if "=" not in text]


def named(text: str, option: str, example: str) -> tuple[str, str]:
    """Returns the two sides of NAME=rest.

    Raises:
        InputError: if it is not of this form.
    """
    sides = NAMED.fullmatch(text)
    if sides is None:
        raise InputError(f"--{option} is {text!r}; write it as in --{option} {example}")
    return sides[1], sides[2].strip()


def read_numbers(name: str, text: str) -> Float[np.ndarray, "..."]:
    """Returns the numbers of `0.3,1.2`, or of a file; one number alone is a scalar.

    Raises:
        InputError: if these are no numbers.
    """
    if text.endswith(".npy"):
        return read_file(text)
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(
            f"--at gives {text!r} for {name}; give numbers such as 0.3,1.2, or a .npy file"
        ) from error
    return np.array(numbers[0] if len(numbers) == 1 else numbers)


def read_file(place: str) -> Any:
    """Returns what a .npz, .npy or .json file holds: a dictionary for what has names in it.

    Raises:
        InputError: if it is not such a file.
    """
    path = Path(place)
    if path.suffix not in FILES:
        raise InputError(
            f"--at is {place!r}; give numbers as in --at w=0.3,1.2, a file "
            f"({', '.join(FILES)}), or path/to/file.py:NAME"
        )
    try:
        if path.suffix == ".json":
            return _tree(json.loads(path.read_bytes()))
        if path.suffix == ".npy":
            return np.load(path, allow_pickle=False)
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    except Exception as error:
        raise InputError(f"--at {place} cannot be read: {describe(error)}") from error


def _tree(read: Any) -> PyTree:
    """Makes arrays of the lists of numbers in what JSON holds."""
    if isinstance(read, dict):
        return {name: _tree(value) for name, value in read.items()}
    return np.asarray(read) if isinstance(read, list) else read


def _shape(name: str, text: str) -> tuple[int, ...]:
    parts = [part for part in text.strip("() ").split(",") if part.strip()]
    if not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise InputError(
            f"--shape gives {text!r} for {name}; give positive integers such as 50,3, "
            f"or {name}= for a scalar"
        )
    return tuple(int(part) for part in parts)


def _described(name: str, value: PyTree) -> str:
    shape = np.shape(value)
    return f"{name} ({' × '.join(map(str, shape))})" if shape else f"{name} = {float(value):.3g}"
