"""What the arguments of `gradcompare check` ask for: formulas, functions, or objectives."""

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..._api.registry import find_objectives, find_variables
from ..._foundation.errors import InputError, outcome_of
from ..._foundation.user_code import describe, place
from ..._model.objective import Objective
from .arguments import Asked, of_functions
from .formula_arguments import of_formulas
from .values import FILES, Given, named, read_file, read_numbers


@dataclass(frozen=True)
class Request:
    """The arguments of the command that say what is compared; see its help."""

    target: str | None
    gradient: str | None
    formula: str | None
    formulas: tuple[str, ...]
    shapes: tuple[str, ...]
    at: tuple[str, ...]
    parameters: tuple[str, ...]
    domains: tuple[str, ...]
    pair: bool
    seed: int
    symmetric: bool

    def read(self) -> Asked | tuple[Objective, ...]:
        """Returns what is asked for, with its numbers.

        Raises:
            InputError: if it cannot be read, or something is missing.
        """
        if (self.target is None) == (self.formula is None):
            raise InputError(
                "give either FUNCTION, such as model.py:loss, or --value with a formula; "
                "see gradcompare check --help"
            )
        if self.formula is not None:
            if self.pair:
                raise InputError("--pair goes with FUNCTION; give the gradient as --gradient")
            given = self._given(self._named_in_files())
            if not given.parameters and not given.shapes:
                given = replace(given, parameters=tuple(name for name, _ in self._numbers)[:1])
            return of_formulas(self.formula, self.formulas, given)
        assert self.target is not None
        if self.formulas:
            raise InputError("--gradient goes with --value; name a function after FUNCTION")
        if self.pair and self.gradient is not None:
            raise InputError("both GRADIENT and --pair are given; give one of them")
        _make_importable(self.target)
        if ":" not in self.target:
            return find_objectives(self.target)
        return self._of_variables(self.target)

    def _of_variables(self, target: str) -> Asked | tuple[Objective, ...]:
        file = target.rpartition(":")[0]
        points = [text for text in self._places if not text.endswith(FILES)]
        names = [target, *([self.gradient] if self.gradient else []), *points]
        found = find_variables(file + name if name.startswith(":") else name for name in names)
        value, by_hand = found[0], True if self.pair else None
        if not callable(value):
            return find_objectives(target)
        if self.gradient:
            by_hand = found[1]
            if not callable(by_hand):
                raise InputError(f"{self.gradient} is no function; give the gradient of {target}")
        made = [
            _made(one, name)
            for one, name in zip(found[len(names) - len(points) :], points, strict=True)
        ]
        read = [read_file(text) for text in self._places if text.endswith(FILES)]
        given = made + [one if isinstance(one, dict) else (one,) for one in read]
        if len(given) > 1:
            raise InputError(f"--at names {', '.join(self._places)}; give one, the rest by name")
        return of_functions(value, by_hand, given[0] if given else {}, self._given({}))

    @property
    def _places(self) -> list[str]:
        return [text for text in self.at if "=" not in text]

    def _named_in_files(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for file in self._places:
            read = read_file(file)
            if not isinstance(read, dict):
                raise InputError(f"--at {file} holds no names; write --at NAME={file}")
            values |= read
        return values

    @property
    def _numbers(self) -> list[tuple[str, str]]:
        return [named(text, "at", "w=0.3,1.2") for text in self.at if "=" in text]

    def _given(self, values: dict[str, Any]) -> Given:
        return Given.of(
            {**values, **{name: read_numbers(name, text) for name, text in self._numbers}},
            self.shapes,
            self.domains,
            self.parameters,
            seed=self.seed,
            symmetric=self.symmetric,
        )


def _made(point: Any, name: str) -> tuple:
    """The arguments that a variable holds, or that a function makes."""
    if callable(point):
        made = outcome_of(point)
        if isinstance(made, Exception):
            raise InputError(
                f"{name} cannot make a point: {describe(made)} at {place(made)}; it is called "
                "without arguments"
            ) from made
        point = made
    return point if type(point) is tuple else (point,)


def _make_importable(target: str) -> None:
    """Lets a file import its neighbours, and finds packages in the working directory."""
    file = target.rpartition(":")[0] or target
    folder = str(Path(file).resolve().parent) if file.endswith(".py") else os.getcwd()
    if folder not in sys.path:
        sys.path.append(folder)
