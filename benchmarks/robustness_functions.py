"""Points, values and derivatives that cannot be meant, for each entry point."""

import itertools
import math
import sys
import types
from collections import namedtuple
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
from robustness_entries import ENTRIES, Entry, X
from robustness_options import REFUSE, ROW, failing, takes_nothing
from robustness_trials import Trial, answer_of

NOT_OK = ("accuse", *ROW)
"""Any answer but that a derivative is right."""

Pair = namedtuple("Pair", ("a", "b"))


class Hostile:
    """An object whose every use fails."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no array of this")

    def __repr__(self):
        raise RuntimeError("no words for this")


POINTS: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "text": lambda: "abc",
    "bytes": lambda: b"abc",
    "empty": lambda: np.zeros(0),
    "empty list": list,
    "empty dict": dict,
    "nan": lambda: np.array([1.0, math.nan, 1.0]),
    "infinite": lambda: np.array([1.0, math.inf, 1.0]),
    "integers": lambda: np.array([1, 2, 3]),
    "booleans": lambda: np.array([True, False, True]),
    "objects": lambda: np.array([1.0, None, "a"], dtype=object),
    "texts": lambda: np.array(["1", "2", "3"]),
    "dates": lambda: np.array(["2024-01-01"] * 3, dtype="datetime64[D]"),
    "records": lambda: np.zeros(3, dtype=[("a", float), ("b", int)]),
    "masked": lambda: np.ma.array(X, mask=[0, 1, 0]),
    "generator": lambda: (x for x in X),
    "iterator": lambda: iter([1.0, 2.0, 3.0]),
    "range": lambda: range(3),
    "set": lambda: {1.0, 2.0, 3.0},
    "list of texts": lambda: ["a", "b"],
    "list of None": lambda: [None, None],
    "mixed keys": lambda: {1: 1.0, "a": 2.0},
    "function": lambda: takes_nothing,
    "class": lambda: Hostile,
    "hostile": Hostile,
    "module": lambda: math,
    "namespace": lambda: types.SimpleNamespace(x=1.0),
    "decimal": lambda: __import__("decimal").Decimal("1.5"),
    "memory": lambda: memoryview(b"123"),
    "slice": lambda: slice(3),
    "ellipsis": lambda: ...,
    "true": lambda: True,
}
"""Points at which nothing can be differentiated."""

ARGUMENTS: dict[str, Callable[[], Any]] = {
    "generator": lambda: (w for w in X),
    "map": lambda: map(float, X),
    "file": lambda: open(__file__),  # noqa: SIM115
    "masked": lambda: np.ma.array(X, mask=[0, 1, 0]),
    "iterator inside": lambda: {"w": [iter(X)]},
    "count": itertools.count,
}
"""Further arguments that one call uses up, or a part of which is lost."""


class Counter:
    """A function with a state."""

    def __init__(self, results: Callable[[Any, int], Any]):
        self.results, self.calls = results, 0

    def __call__(self, *args):
        self.calls += 1
        return self.results(args[0], self.calls)


def raises(error: BaseException | type[BaseException]) -> Callable:
    def function(*args):
        raise error

    return function


def endless_recursion(*args):
    return endless_recursion(*args)


def writes_its_argument(x, *args):
    x *= 2.0
    return float(np.sum(x))


ENDS = {
    "exit": SystemExit(0),
    "exit 3": SystemExit(3),
    "end of iteration": StopIteration(),
    "end of generator": GeneratorExit(),
    "assertion": AssertionError("no"),
    "key": KeyError("k"),
    "memory": MemoryError(),
    "unicode": UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
    "no message": RuntimeError(),
    "long message": ValueError("x" * 10**6),
}

SCALARS: dict[str, tuple[Any, tuple[str, ...]]] = {
    # what a value of one number returns
    "None": (lambda x, *a: None, ROW),
    "text": (lambda x, *a: "1.0", ROW),
    "vector": (lambda x, *a: x, ROW),
    "one-vector": (lambda x, *a: jnp.sum(x)[None], ROW),
    "list": (lambda x, *a: [jnp.sum(x)], ROW),
    "dict": (lambda x, *a: {"f": jnp.sum(x)}, ROW),
    "pair": (lambda x, *a: (jnp.sum(x), x), ROW),
    "empty": (lambda x, *a: jnp.zeros(0), ROW),
    "integer": (lambda x, *a: jnp.sum(x).astype(int), ROW),
    "boolean": (lambda x, *a: jnp.sum(x) > 0, ROW),
    "complex": (lambda x, *a: jnp.sum(x) + 1j, ROW),
    "objects": (lambda x, *a: np.array([None], dtype=object), ROW),
    "masked": (lambda x, *a: np.ma.array(float(np.sum(np.array(x))), mask=True), ROW),
    "function": (lambda x, *a: takes_nothing, ROW),
    "class": (lambda x, *a: int, ROW),
    "generator": (lambda x, *a: (v for v in x), ROW),
    "nan": (lambda x, *a: jnp.sum(x) * jnp.nan, NOT_OK),
    "infinite": (lambda x, *a: jnp.sum(x) * jnp.inf, NOT_OK),
    "random": (Counter(lambda x, n: float(np.sum(np.array(x)) * (1 + n / 7))), NOT_OK),
    "other shape": (Counter(lambda x, n: 1.0 if n < 3 else np.ones(2)), NOT_OK),
    "later None": (Counter(lambda x, n: float(np.array(x)[0]) if n < 9 else None), NOT_OK),
    "hostile": (lambda x, *a: Hostile(), ROW),
    "fails": (failing, ("user", *ROW)),
    "takes nothing": (takes_nothing, ("user", *ROW)),
    "recursion": (endless_recursion, ("user", *ROW)),
    "writes": (writes_its_argument, ROW),
}

DERIVATIVES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "None": (lambda *a: None, ROW),
    "text": (lambda *a: "1.0", ROW),
    "zero": (lambda *a: 0.0, ROW),
    "short": (lambda x, *a: x[:1], ROW),
    "column": (lambda x, *a: x[:, None], ROW),
    "tuple": (lambda x, *a: (x,), ROW),
    "dict": (lambda x, *a: {"x": x}, ROW),
    "empty": (lambda *a: np.zeros(0), ROW),
    "integers": (lambda x, *a: x.astype(int), ROW),
    "complex": (lambda x, *a: x + 0j, ROW),
    "objects": (lambda x, *a: np.array([None, 1.0, "a"], dtype=object), ROW),
    "masked": (lambda x, *a: np.ma.array(np.array(x), mask=[1, 0, 0]), ROW),
    "generator": (lambda x, *a: (v for v in x), ROW),
    "function": (lambda x, *a: failing, ROW),
    "hostile": (lambda x, *a: Hostile(), ROW),
    "nan": (lambda x, *a: x * jnp.nan, NOT_OK),
    "infinite": (lambda x, *a: x * jnp.inf, NOT_OK),
    "other shape": (Counter(lambda x, n: np.array(x) if n < 4 else np.ones(5)), NOT_OK),
    "fails": (failing, ("user", *ROW)),
    "takes nothing": (takes_nothing, ("user", *ROW)),
    "recursion": (endless_recursion, ("user", *ROW)),
}

NOT_CALLABLE: dict[str, Any] = {"number": 3, "text": "f", "array": X, "list": [1, 2], "type": 1j}


def function_trials() -> Iterator[Trial]:
    """Yields the trials of points, values and derivatives of each entry point."""
    for entry in ENTRIES:
        for name, make in POINTS.items():
            call = lambda e=entry, m=make: e.call(e.value, e.right, m())  # noqa: E731
            if entry.name != "watch":  # where the user's own loop would use them
                yield _trial(entry, f"x0: {name}", call, ROW)
        for name, make in ARGUMENTS.items():
            call = lambda e=entry, m=make: e.call(_more(e.value), _more(e.right), X, m())  # noqa: E731
            if entry.name not in ("compare", "check_rule"):
                yield _trial(entry, f"argument: {name}", call)
        for name, thing in NOT_CALLABLE.items():
            if entry.name not in ("compare", "symmetry"):
                yield _trial(entry, f"value: {name}", partial(entry.call, thing, entry.right, X))
            if entry.right is not None and entry.name != "compare":
                call = partial(entry.call, entry.value, thing, X)
                yield _trial(entry, f"derivative: {name}", call)
        if "map" not in entry.value.__name__ and entry.name not in ("symmetry", "check_rule"):
            yield from _returns(entry, SCALARS, "value", lambda e, f: (f, e.right))
        if entry.right is not None:
            yield from _returns(entry, DERIVATIVES, "derivative", lambda e, f: (e.value, f))


def _returns(entry: Entry, table: dict, what: str, pair: Callable) -> Iterator[Trial]:
    for name, (function, wanted) in table.items():
        call = partial(entry.call, *pair(entry, function), X)
        yield _trial(entry, f"{what} returns: {name}", call, wanted)
    for name, error in ENDS.items():
        call = partial(entry.call, *pair(entry, raises(error)), X)
        own = partial(_own, call, error, watched=entry.name == "watch")
        yield _trial(entry, f"{what} raises: {name}", own, ("user", *ROW))


def _own(call: Callable[[], Any], error: BaseException, *, watched: bool) -> Any:
    """Calls the package; an error that the user's function raised is the user's.

    What ends a process is told in words, but for a user's own loop that is watched.
    """
    try:
        return call()
    except type(error) as raised:
        if raised is error and (watched or isinstance(error, Exception)):
            return failing()
        raise
    except RuntimeError as raised:
        if raised.__cause__ is error:  # its message says what was raised
            return failing()
        raise


def _more(function: Any) -> Any:
    """A function that takes a further argument, and ignores it."""
    return function and (lambda *args: function(*args[:-1]))


def _trial(entry: Entry, name: str, call: Any, wanted: tuple[str, ...] = REFUSE) -> Trial:
    return Trial(f"{entry.name}, {name}", partial(_with_little_stack, call), wanted)


def _with_little_stack(call: Callable[[], Any]) -> tuple[str, str]:
    sys.setrecursionlimit(3000)
    answer, text = answer_of(call)
    ours = "recursion" in text and answer == "raw"
    return ("user" if ours else answer), text
