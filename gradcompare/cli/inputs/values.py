"""The arguments of a function by name, from the command line: numbers, shapes, files.

A name with only a shape gets random numbers: about 1 in size, no two equal, inside the domain.
They depend on the name and the seed, not on other names.
"""

import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, PyTree

from ..._foundation.errors import InputError
from ..._foundation.limits.sizes import require_small
from ..._foundation.storage.strict import read_json
from ..._foundation.user_code import describe
from ..._model.arguments.domain import bounds_of

NAMED = re.compile(r"\s*([^\W\d]\w*)\s*=(?!=)(.*)", re.DOTALL)
"""NAME=rest; no formula has this form."""

FILES = (".npz", ".npy", ".json")

DRAWN: dict[str, Callable[[Float[np.ndarray, "..."]], Float[np.ndarray, "..."]]] = {
    "real": lambda z: z,
    "positive": lambda z: np.exp(z / 2),
    "nonnegative": lambda z: np.exp(z / 2),
    "negative": lambda z: -np.exp(z / 2),
    "unit": lambda z: 1 / (1 + np.exp(-z)),
}
"""Maps from normal numbers into each domain."""


@dataclass(frozen=True)
class NamedValues:
    """The known values, shapes and domains of arguments, by name.

    Attributes:
        values: Numbers, arrays and trees.
        shapes: The shapes of the numbers to draw, or of those in `values`.
        domains: The domains; under "" the one for all parameters.
        parameters: The arguments to differentiate by; empty if the user names none.
        seed: The seed of the random numbers.
        symmetric: Whether random square matrices are symmetric.
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
        """Reads the options of the command line; of --at, only those of the form NAME=numbers.

        Raises:
            InputError: if an option cannot be read.
        """
        numbers = [named(text, "at", "w=0.3,1.2") for text in at if "=" in text]
        _require_once("at", numbers)
        values = {name: read_numbers(name, text) for name, text in numbers}
        sized = [named(text, "shape", "X=50,3") for text in shapes]
        _require_once("shape", sized)
        pairs = dict(sized)
        read = [named(text, "domain", "w=positive") for text in domains if "=" in text]
        read += [("", text) for text in domains if "=" not in text]
        _require_once("domain", read)
        for _, domain in read:
            bounds_of(domain)
        shaped = {name: _shape(name, text) for name, text in pairs.items()}
        return cls(values, shaped, dict(read), tuple(parameters), **others)

    def with_values(self, values: Mapping[str, PyTree]) -> "NamedValues":
        """Returns a copy with `values` for the names that have none."""
        return replace(self, values={**values, **self.values})

    @property
    def names(self) -> tuple[str, ...]:
        """All names about which something is known, the parameters first."""
        groups = (self.parameters, self.shapes, self.values, filter(None, self.domains))
        return tuple(dict.fromkeys(name for names in groups for name in names))

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
        """Returns a line about the names with random numbers; empty if there are none."""
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
    """Returns the --at options that name a file or a variable."""
    return [text for text in at if "=" not in text]


def named(text: str, option: str, example: str) -> tuple[str, str]:
    """Returns the two sides of NAME=rest.

    Raises:
        InputError: if `text` does not have this form.
    """
    sides = NAMED.fullmatch(text)
    if sides is None:
        raise InputError(f"--{option} is {text!r}; write it as in --{option} {example}")
    return sides[1], sides[2].strip()


def _require_once(option: str, pairs: Iterable[tuple[str, str]]) -> None:
    names = [name for name, _ in pairs]
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        of = f" for {repeated[0]}" if repeated[0] else ""
        raise InputError(f"--{option} is given several times{of}; give it once")


def read_numbers(name: str, text: str) -> Float[np.ndarray, "..."]:
    """Returns the numbers of `0.3,1.2` or of a file; a single number is a scalar.

    Raises:
        InputError: if `text` is neither.
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
    """Returns the content of a .npz, .npy or .json file: a dictionary if it has names.

    Raises:
        InputError: if it is another file, or cannot be read.
    """
    path = Path(place)
    if path.suffix not in FILES:
        raise InputError(
            f"--at is {place!r}; give numbers as in --at w=0.3,1.2, a file "
            f"({', '.join(FILES)}), or path/to/file.py:NAME"
        )
    try:
        if path.suffix == ".json":
            return _tree(read_json(path.read_bytes()))
        if path.suffix == ".npy":
            return np.load(path, allow_pickle=False)
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    except Exception as error:
        reason = describe(error)
        if isinstance(error, ValueError) and path.suffix != ".json":
            # NumPy names an option that the command line does not have.
            reason = "it holds Python objects or is damaged; save numbers with numpy.savez"
        raise InputError(f"--at {place} cannot be read: {reason}") from error


def _tree(read: Any) -> PyTree:
    """Converts the lists in the content of a JSON file to arrays."""
    if isinstance(read, dict):
        return {name: _tree(value) for name, value in read.items()}
    return np.asarray(read) if isinstance(read, list) else read


def _shape(name: str, text: str) -> tuple[int, ...]:
    bare = text.strip()
    bare = bare[1:-1] if bare.startswith("(") and bare.endswith(")") else bare
    parts = [part for part in bare.split(",") if part.strip()]
    if not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise InputError(
            f"--shape gives {text!r} for {name}; give positive integers such as 50,3, "
            f"or {name}= for a scalar"
        )
    shape = tuple(int(part) for part in parts)
    require_small(shape, f"--shape {name}")
    return shape


def _described(name: str, value: PyTree) -> str:
    shape = np.shape(value)
    return f"{name} ({' × '.join(map(str, shape))})" if shape else f"{name} = {float(value):.3g}"
