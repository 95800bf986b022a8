"""Controls: gradients that are right and gradients that are wrong, in the ways people write them.

A checker that refuses everything would answer all bad inputs well. These are the inputs that it
has to take, each with a right derivative and the same with a fault.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from robustness_entries import ENTRIES, X, cubes, gradient
from robustness_options import TAKEN
from robustness_trials import Trial, answer_of

import gradcompare


class Weights(NamedTuple):
    w: Any
    b: Any


def host(x):
    return float(sum(v**3 for v in np.asarray(x)))


def branches(x):
    return float(x[0] ** 3 + x[1] ** 3 + x[2] ** 3) if x[0] > -9 else 0.0


def loop(x):
    total = 0.0
    for v in x:
        total = total + v**3
    return total


def scanned(x):
    return jax.lax.scan(lambda total, v: (total + v**3, None), 0.0, x)[0]


VALUES: dict[str, Callable[[Any], Any]] = {
    "jax": cubes,
    "numpy": lambda x: np.sum(x**3),
    "host": host,
    "branches": branches,
    "loop": loop,
    "scan": scanned,
    "compiled": jax.jit(cubes),
    "method": type("Model", (), {"f": lambda self, x: jnp.sum(x**3)})().f,
    "partial": partial(lambda power, x: jnp.sum(x**power), 3),
    "0-d array": lambda x: np.array(host(x)),
    "numpy scalar": lambda x: np.float64(host(x)),
    "large": lambda x: 1e150 * jnp.sum(x**3),
    "small": lambda x: 1e-150 * jnp.sum(x**3),
    "with offset": lambda x: jnp.sum(x**3) + 1e3,
}
SIZES = {"large": 1e150, "small": 1e-150}

GRADIENTS: dict[str, Callable[[float], Callable[[Any], Any]]] = {
    # the factor is 1 for the right one
    "jax": lambda k: lambda x: k * 3 * x**2,
    "host": lambda k: lambda x: k * 3 * np.asarray(x) ** 2,
    "list": lambda k: lambda x: [float(k * 3 * v**2) for v in np.asarray(x)],
    "in place": lambda k: partial(_in_place, k),
    "read-only": lambda k: lambda x: _read_only(k * 3 * np.asarray(x) ** 2),
    "reversed": lambda k: lambda x: (k * 3 * np.asarray(x) ** 2)[::-1][::-1],
}

FAULTS: dict[str, Callable[[Any], Any]] = {
    "factor": lambda x: 1.001 * gradient(x),
    "sign": lambda x: -gradient(x),
    "zero": lambda x: 0 * x,
    "one entry": lambda x: gradient(x) * np.array([1.0, 1.0, 1.0001]),
    "order": lambda x: gradient(x)[::-1],
    "power": lambda x: 3 * x**3,
    "constant": lambda x: gradient(x) + 1e-5,
    "of another function": lambda x: 4 * x**3,
    "shifted": lambda x: jnp.roll(gradient(x), 1),
    "at one point": lambda x: 0 * x + 3 * X**2,
    "float32 and wrong": lambda x: (1.01 * gradient(x)).astype(np.float32),
}

POINTS: dict[str, tuple[Any, Callable[[Any], Any], Callable[[float], Callable[[Any], Any]]]] = {
    # a point, a value, and its gradient times a factor
    "list": ([0.7, 1.9], lambda x: jnp.sum(x**2), lambda k: lambda x: k * 2 * x),
    "integers in a list": ([1, 2], lambda x: jnp.sum(x**2), lambda k: lambda x: k * 2 * x),
    "number": (0.7, lambda x: x**3, lambda k: lambda x: k * 3 * x**2),
    "dict": (
        {"w": X, "b": 1.0},
        lambda p: jnp.sum(p["w"] ** 2) * p["b"],
        lambda k: lambda p: {"w": k * 2 * p["w"] * p["b"], "b": jnp.sum(p["w"] ** 2)},
    ),
    "named tuple": (
        Weights(X, 2.0),
        lambda p: jnp.sum(p.w) * p.b,
        lambda k: lambda p: Weights(k * p.b * jnp.ones(3), jnp.sum(p.w)),
    ),
    "matrix": (np.outer(X, X), lambda A: jnp.sum(A**3), lambda k: lambda A: k * 3 * A**2),
    "float32": (X.astype(np.float32), cubes, lambda k: lambda x: k * 3 * x**2),
    "one entry": (np.array([2.0]), cubes, lambda k: lambda x: k * 3 * x**2),
    "far": (1e8 * X, cubes, lambda k: lambda x: k * 3 * x**2),
    "near zero": (1e-8 * X, cubes, lambda k: lambda x: k * 3 * x**2),
    "complex": (
        X + 1j * X[::-1],
        lambda z: jnp.sum(jnp.abs(z) ** 2),
        lambda k: lambda z: k * 2 * jnp.conj(z),
    ),
}


def _in_place(k, x):
    result = np.empty(3)
    result[:] = k * 3 * np.asarray(x) ** 2
    return result


def _read_only(array):
    array.flags.writeable = False
    return array


def control_trials() -> Iterator[Trial]:
    """Yields the right ones, which must agree, and the wrong ones, which must not."""
    wrong = ("accuse",)
    for entry in ENTRIES:
        right = partial(entry.call, entry.value, entry.right, X)
        yield _trial(f"{entry.name}, right", right, TAKEN)
        if entry.right is not None:
            options = {"timing": False} if entry.name == "compare" else {}
            faulty = partial(entry.call, entry.value, entry.wrong, X, **options)
            # A field that is half of a gradient is that of half of the function.
            yield _trial(
                f"{entry.name}, wrong", faulty, TAKEN if entry.name == "symmetry" else wrong
            )
    check = gradcompare.check
    for value in VALUES:
        for form, make in GRADIENTS.items():
            for k, wanted in ((1.0, TAKEN), (1.01, wrong)):
                call = partial(check, VALUES[value], make(k * SIZES.get(value, 1.0)), X)
                yield _trial(f"check, {value}, gradient {form}, times {k}", call, wanted)
    for fault, function in FAULTS.items():
        yield _trial(f"check, fault: {fault}", partial(check, cubes, function, X), wrong)
        # `locate` looks at one point only.
        found = TAKEN if fault == "at one point" else wrong
        located = partial(gradcompare.locate, cubes, function, X)
        yield _trial(f"locate, fault: {fault}", located, found)
    for name, (point, value, make) in POINTS.items():
        for k, wanted in ((1.0, TAKEN), (1.01, wrong)):
            yield _trial(
                f"check at {name}, times {k}", partial(check, value, make(k), point), wanted
            )


def _trial(name: str, call: Callable[[], Any], wanted: tuple[str, ...]) -> Trial:
    return Trial(name, partial(answer_of, call), wanted)
