"""Formulas of `gradcompare check` as arguments of `check`."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import jax
import numpy as np
from jaxtyping import PyTree

from ..._foundation.errors import InputError, UnknownNameError
from ..._foundation.limits.sizes import require_small
from ..._foundation.precision import FLOAT64, precision_scope
from ..._introspection.jaxprs import equations
from .arguments import CheckArguments
from .formula import Formula
from .values import NAMED, NamedValues, named, read_file
from .vocabulary import CONSTANTS, FUNCTIONS

VALUE = "--value"


def arguments_of_formulas(
    value: str, gradients: Sequence[str], files: Sequence[str], names: NamedValues
) -> CheckArguments:
    """Returns the arguments of `check` for formulas.

    The parameters are a dictionary, so they keep their names.

    Args:
        value: The formula of the value.
        gradients: The formula of its gradient; with several parameters, NAME=formula for each.
        files: Files that hold values by name.
        names: What is known of the names; overrides the files. Other names are scalars.

    Raises:
        InputError: if a formula does not fit the gradients, files or names.
    """
    if not names.parameters and not names.shapes:
        names = replace(names, parameters=tuple(names.values)[:1])
    names = names.with_values(_in_files(files))
    with _blamed(VALUE):
        f = Formula.of(value)
    names = replace(names, parameters=names.parameters or _differentiated(f, names))
    by_hand = _gradients(gradients, names.parameters)
    formulas = {VALUE: f, **{_option(name): one for name, one in by_hand.items()}}
    needed = _needed(formulas, names)
    others = [name for name in needed if name not in names.parameters]
    values = {name: _numbers(name, names.value(name)) for name in needed}
    params = {name: np.asarray(values[name], np.float64) for name in names.parameters}
    data = tuple(values[name] for name in others)

    def formula(params, *data):
        return f({**params, **dict(zip(others, data, strict=True))})

    def gradient(params, *data):
        values = {**params, **dict(zip(others, data, strict=True))}
        return {name: one(values) for name, one in by_hand.items()}

    for function in (formula, gradient):
        function.__signature__ = _signature(others)
    for option, one in formulas.items():
        with _blamed(option), precision_scope(FLOAT64):
            values = {**params, **dict(zip(others, data, strict=True))}
            # The sizes of what it computes on the way are known as well.
            for step in equations(jax.make_jaxpr(one)(values).jaxpr):
                for result in step.outvars:
                    require_small(getattr(result.aval, "shape", ()), "what it computes on the way")
    return CheckArguments(
        formula,
        gradient if gradients else None,
        (params, *data),
        domain={name: names.domain(name) for name in names.parameters} if names.domains else None,
        drawn=names.drawn(needed),
        formulas={option: one.source.text for option, one in formulas.items()},
    )


def _numbers(name: str, value: PyTree) -> PyTree:
    """Returns a value as it is, if it is a number or an array of numbers."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise InputError(
            f"--at gives {array.dtype} for {name}; give real numbers, in an array of one shape"
        )
    return value


def _signature(others: Sequence[str]) -> inspect.Signature:
    """Returns the signature with which findings call the data by their names in the formula."""
    first = "params" + "_" * ("params" in others)
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Signature([inspect.Parameter(name, kind) for name in (first, *others)])


def _in_files(files: Sequence[str]) -> dict[str, PyTree]:
    """Returns the values in the files, by name."""
    values: dict[str, PyTree] = {}
    for file in files:
        read = read_file(file)
        if not isinstance(read, dict):
            raise InputError(f"--at {file} holds no names; write --at NAME={file}")
        values |= read
    return values


@contextmanager
def _blamed(option: str) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise InputError(f"{option}: {error}") from error


def _option(parameter: str) -> str:
    return f"--gradient of {parameter}"


def _differentiated(f: Formula, known: NamedValues) -> tuple[str, ...]:
    """Returns the default parameters: the first name with a shape, or the only name."""
    if known.shapes:
        return tuple(known.shapes)[:1]
    free = [name for name in f.names if name not in CONSTANTS and name not in FUNCTIONS]
    if len(free) != 1:
        raise InputError(
            f"{VALUE} has {len(free)} names ({', '.join(free) or 'none'}); say which one is "
            "differentiated: give its --shape first, or --parameter NAME"
        )
    return tuple(free)


def _gradients(texts: Sequence[str], parameters: tuple[str, ...]) -> dict[str, Formula]:
    """Returns the formula of the gradient for each parameter."""
    if len(parameters) == 1 and len(texts) == 1 and not NAMED.fullmatch(texts[0]):
        pairs = [(parameters[0], texts[0])]
    else:
        pairs = [named(text, "gradient", f'"{parameters[0]}=…", for each') for text in texts]
    if texts and sorted(name for name, _ in pairs) != sorted(parameters):
        raise InputError(
            f"--gradient is given for {', '.join(name for name, _ in pairs)}; the parameters are "
            f"{', '.join(parameters)}: give one for each"
        )
    formulas = {}
    for name, text in pairs:
        with _blamed(_option(name)):
            formulas[name] = Formula.of(text)
    return {name: formulas[name] for name in parameters} if texts else {}


def _needed(formulas: Mapping[str, Formula], known: NamedValues) -> tuple[str, ...]:
    """Returns the names that need a value; those about which something is known come first."""
    needed = dict.fromkeys(known.names)
    in_value = formulas[VALUE].names
    for option, formula in formulas.items():
        for name in formula.names:
            if name in needed or name in CONSTANTS:
                continue
            if name in FUNCTIONS:
                raise InputError(f"{option}: {name} is a function; call it: {name}(x)")
            if option != VALUE:
                with _blamed(option):
                    raise UnknownNameError("name", name, in_value)
            needed[name] = None
    used = {name for formula in formulas.values() for name in formula.names}
    for name in known.names:
        if name not in used or (name in known.parameters and name not in in_value):
            raise InputError(
                f"{name} is given but not in {VALUE}: {UnknownNameError('name', name, in_value)}"
            )
    return tuple(needed)
