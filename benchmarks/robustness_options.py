"""Options that cannot be meant, for each entry point that has them."""

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from robustness_entries import ENTRIES, Entry, X, cubes, gradient
from robustness_trials import Trial, UsersError, answer_of

NAN, INF = math.nan, math.inf
REFUSE, TAKEN, EITHER = ("refuse",), ("agree",), ("agree", "refuse")
ROW = ("refuse", "error")


def failing(*args):
    raise UsersError("the function of the user fails")


def takes_nothing():
    return 1.0


COUNTS = (0, -1, 1.5, "3", None, NAN, [2], INF, 2 + 0j)
"""No number of things."""

POSITIVE = (0, -1, NAN, INF, "1e-3", [1.0], 1j, None)
"""No positive number."""

VALUES: dict[str, tuple[str, tuple[Any, ...]]] = {
    # option: what a message says, and the values that are refused
    "points": ("points", COUNTS),
    "repeats": ("repeats", COUNTS),
    "memory_bytes": ("memory_bytes", COUNTS),
    "tests": ("tests", COUNTS),
    "most": ("most", COUNTS),
    "capacity": ("capacity", COUNTS),
    "iterations": ("iterations", COUNTS),
    "segments": ("segments", COUNTS),
    "pairs": ("pairs", COUNTS),
    "seed": ("seed", (-1, 0.5, "x", None, [1], NAN)),
    "radius": ("radius", POSITIVE),
    "tolerance": ("tolerance", POSITIVE[1:]),
    "step": ("step", POSITIVE[:-1]),
    "scale": ("scale", POSITIVE),
    "accuracy": ("accuracy", POSITIVE[:-1]),
    "dtype": ("dtype", ("float46", "int32", "", 3, None, object, np.int32, "complex64", [])),
    "device": ("device|name", ("quantum", "cpu:7", "cpu:x", "", 3, b"cpu", [], object())),
    "methods": ("method", ([], ["richardsen"], ["central"] * 2, [3], 3, [None], [object()], "")),
    "method": ("method", ("richardsen", 3, None, "", [], object())),
    "quantity": ("quantity|direction", ("gradiant", 3, "", [])),
    "sizes": ("size", ("10", -1, 0, 1.5, [], [[1]], [None], NAN)),
    "sign": ("sign", (0, 2, "1", None, 1.5, NAN)),
    "wrt": ("wrt", ("logs", "", 3, None, ["log"])),
    "intent": ("intent", ("upper", "", None, 3)),
    "complex_convention": ("complex_convention|convention", ("numpy", "", None, 3)),
    "on_error": ("on_error", ("rais", "", None, 3, True)),
    "executor": ("executor", (4, "threads", object(), [], True)),
    "argnums": ("argnums", (1, -1, (0, 0), (), "0", 1.5, None, (0, 1), [0, "a"], "", NAN)),
    "coordinate": ("coordinate|parameter", (5, -9, "y", "x[9]", 1.5, [0], "")),
    "at": ("at\\b|point", (3, "x", [X[:1]], np.ones((2, 4)), [None], [X * NAN], [X, "a"], {})),
    "direction": (
        "direction",
        (np.ones(4), np.zeros(3), X * NAN, "x", {"a": 1.0}, np.ones(3, int), 1j * X, object()),
    ),
    "cotangent": ("cotangent", (np.ones(4), np.zeros(2), "x", {"a": 1.0}, object())),
    "pattern": ("pattern", (3, "x", np.ones(4), np.ones((9, 9)), [], object())),
    "bounds": (
        "bound|below|above|lower|upper|room",
        (
            *((NAN, 5), (2, 1), (1, 1), 5, "ab", (0,), (0, 1, 2), ("a", "b"), None, (5, 9)),
            *((np.zeros(4), np.ones(4)), ({"a": 0}, {"a": 9}), (None, None), (0, object())),
            *((1j, 5), ([0, 0, 0], [9, 9]), (INF, -INF), (INF, INF)),
        ),
    ),
    "domain": (
        "domain|bound",
        ("positiv", 3, {"x": "positive"}, (X, X), "", b"positive", object()),
    ),
    "reference": ("reference", (3, "f", X)),
    "other": ("other", (3, "f", X)),
    "tighter": ("tighter", ("rtol", 3, (1, 2), (cubes,), "", cubes, [])),
    "retraction": ("retraction", (3, "x", X)),
}

FUNCTIONS: dict[str, tuple[tuple[Any, tuple[str, ...]], ...]] = {
    # option: functions with the answers to them
    "reference": (
        (failing, ("user", *ROW)),
        (takes_nothing, ("user", *ROW)),
        (lambda x: x, ROW),
        (lambda x: None, ROW),
        (lambda x: "f", ROW),
        (lambda x: cubes(x) + 1, ("accuse",)),
        (cubes, TAKEN),
    ),
    "other": (
        (failing, ("user", "agree", *ROW)),
        (takes_nothing, ("user", "agree", *ROW)),
        (lambda x: x[:1], ROW),
        (lambda x: None, ROW),
        (lambda x: "f", ROW),
        (gradient, TAKEN),
    ),
    "tighter": (((cubes, failing), (*TAKEN, *ROW)), ((cubes, gradient), TAKEN)),
    "retraction": (
        (failing, ("user", *ROW)),
        (takes_nothing, ROW),
        (lambda x, v: x[:1], ROW),
        (lambda x, v: None, ROW),
        (lambda x, v: x + v, TAKEN),
    ),
    "domain": (
        ("negative", REFUSE),
        ("unit", REFUSE),
        ("positive", TAKEN),
        (["real"], EITHER),
    ),
    "bounds": (((0, 9), TAKEN), ((X - 1, X + 1), TAKEN), ((-INF, INF), TAKEN)),
    "device": ((None, TAKEN), ("cpu", TAKEN), ("cpu:0", TAKEN)),
    "methods": ((None, TAKEN), (("reverse", "analytic", "richardson"), ("agree", "refuse"))),
    "points": ((np.int64(2), TAKEN), (1, TAKEN)),
    "seed": ((2**40, TAKEN), (np.uint8(3), TAKEN), (2**200, EITHER)),
    "memory_bytes": ((1, EITHER), (2**70, TAKEN)),
    "at": (([2 * X, 3 * X], TAKEN), (np.stack([X, 2 * X]), TAKEN), ([], EITHER)),
    "dtype": ((jnp.float32, TAKEN), ("bfloat16", TAKEN), (np.dtype("float64"), TAKEN)),
    "direction": (
        (X, TAKEN),
        (list(X), TAKEN),
        (np.float32(X), TAKEN),
        (1e-300 * X, EITHER),
    ),
    "accuracy": ((1e-3, TAKEN), (np.float32(1e-3), TAKEN)),
    "scale": ((np.float64(1.0), TAKEN), (1, TAKEN), (2.0, ("accuse",)), (1e-300, ("accuse",))),
    "sign": ((-1, ("accuse",)), (np.int64(1), EITHER)),
    "wrt": (("log", ("accuse",)),),
    "argnums": ((np.int64(0), TAKEN),),
    "step": ((1e-4, TAKEN), (1e-300, ("agree", "accuse", "refuse")), (None, TAKEN)),
}


IDENTITIES = ("descend", "integral", "symmetry", "remainder")


def option_trials() -> Iterator[Trial]:
    """Yields a trial for each value of each option of each entry point."""
    for entry in ENTRIES:
        for option, (says, values) in VALUES.items():
            if option in entry.options:
                for value in values:
                    if entry.name == "check_rule" and repr(value) in ("None", "{'x': 'positive'}"):
                        continue  # all primals; the name of a primal
                    yield _trial(entry, option, value, ROW if option == "at" else REFUSE, says)
        for option, cases in FUNCTIONS.items():
            if option in entry.options:
                for value, wanted in cases:
                    if entry.name == "check_rule" and option == "at":
                        continue  # there, a point is a tuple of primals
                    yield _trial(entry, option, value, wanted, "")
        if entry.name.startswith(("check_", "assert_j", *IDENTITIES)):  # they take **options
            yield _trial(entry, "pointz", 3, REFUSE, "pointz")


def _trial(entry: Entry, option: str, value: Any, wanted: tuple[str, ...], says: str) -> Trial:
    more = {"timing": True} if option == "repeats" else {}
    more |= (
        {"quantity": "directional"} if option == "direction" and "method" in entry.options else {}
    )
    call = partial(entry.call, entry.value, entry.right, X, **{option: value}, **more)
    name = f"{entry.name}({option}={shown(value)})"
    return Trial(name, partial(answer_of, call), wanted, says)


def shown(value: Any) -> str:
    """Returns a value in a few characters, the same in each process."""
    if isinstance(value, (np.ndarray, jax.Array)):
        return f"{type(value).__name__}{value.tolist()}"
    if callable(value) and not isinstance(value, type):
        line = value.__code__.co_firstlineno if hasattr(value, "__code__") else 0
        return f"{getattr(value, '__name__', type(value).__name__)}:{line}"
    return "object" if type(value) is object else repr(value)[:60]
