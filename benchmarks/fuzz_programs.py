"""Programs drawn at random: the text of a function, and of its gradient by a reverse sweep.

A program is a list of operations, each a row of `RULES`: its text, and the text of what each of
its arguments receives from the derivative of its result. Both are written for a module `xp`, so
one text is a traced function (jax.numpy), one on the host (NumPy), or the truth (`fuzz_wide`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np
from jaxtyping import Float


class Rule(NamedTuple):
    """An operation on `{a}` and `{b}`, with constants `{c}` and `{k}`; `{o}` is its result.

    The text of a derivative multiplies the derivative of the result, `{g}`.
    """

    text: str
    da: str
    db: str = ""


RULES = {
    "sin": Rule("xp.sin({a})", "{g} * xp.cos({a})"),
    "cos": Rule("xp.cos({a})", "-{g} * xp.sin({a})"),
    "exp": Rule("xp.exp({a})", "{g} * {o}"),
    "exp-": Rule("xp.exp(-{a})", "-{g} * {o}"),
    "bell": Rule("xp.exp(-({a} ** 2))", "-2 * {g} * {a} * {o}"),
    "tanh": Rule("xp.tanh({a})", "{g} / ((xp.exp({a}) + xp.exp(-{a})) / 2) ** 2"),
    "sigmoid": Rule(
        "(1 + xp.tanh({a} / 2)) / 2", "{g} / (xp.exp({a} / 2) + xp.exp(-{a} / 2)) ** 2"
    ),
    "logistic": Rule("1 / (1 + xp.exp(-{a}))", "{g} * xp.exp(-{a}) * {o} ** 2"),
    "softplus": Rule("xp.logaddexp(0 * {a}, {a})", "{g} / (1 + xp.exp(-{a}))"),
    "log": Rule("xp.log({a})", "{g} / {a}"),
    "log1p2": Rule("xp.log1p({a} ** 2)", "2 * {g} * {a} / (1 + {a} ** 2)"),
    "root": Rule("xp.sqrt(1 + {a} ** 2)", "{g} * {a} / {o}"),
    "sqrt": Rule("xp.sqrt({a})", "{g} / (2 * {o})"),
    "square": Rule("{a} ** 2", "2 * {g} * {a}"),
    "cube": Rule("{a} ** 3", "3 * {g} * {a} ** 2"),
    "lorentz": Rule("1 / (1 + {a} ** 2)", "-2 * {g} * {a} * {o} ** 2"),
    "expm1": Rule("xp.expm1({a})", "{g} * xp.exp({a})"),
    # With a constant.
    "times": Rule("{c} * {a}", "{c} * {g}"),
    "shift": Rule("{a} + {c}", "{g}"),
    "minus": Rule("{a} - {c}", "{g}"),
    "over": Rule("{a} / {c}", "{g} / {c}"),
    "one-": Rule("1 - {a}", "-{g}"),
    "-one": Rule("{a} - 1", "{g}"),
    "matrix": Rule("{c} @ {a}", "{c}.T @ {g}"),
    # Pieces.
    "abs": Rule("xp.abs({a})", "{g} * xp.sign({a})"),
    "abs right": Rule("xp.abs({a})", "{g} * xp.where({a} >= 0, 1, -1)"),
    "abs left": Rule("xp.abs({a})", "{g} * xp.where({a} > 0, 1, -1)"),
    "relu": Rule("xp.maximum({a}, 0)", "{g} * xp.where({a} > 0, 1, 0)"),
    "hinge2": Rule("xp.maximum({a}, 0) ** 2", "2 * {g} * xp.maximum({a}, 0)"),
    "hinge3": Rule("xp.maximum({a}, 0) ** 3", "3 * {g} * xp.maximum({a}, 0) ** 2"),
    "clip": Rule("xp.clip({a}, -{c}, {c})", "{g} * xp.where(xp.abs({a}) < {c}, 1, 0)"),
    "huber": Rule(
        "xp.where(xp.abs({a}) <= {c}, {a} ** 2 / 2, {c} * (xp.abs({a}) - {c} / 2))",
        "{g} * xp.clip({a}, -{c}, {c})",
    ),
    "leaky": Rule(
        "xp.where({a} > 0, {a}, {a} / {c})",
        "{g} * xp.where({a} > 0, 1 + 0 * {a}, 1 / {c} + 0 * {a})",
    ),
    "cut": Rule(
        "xp.where(xp.abs({a}) < {c}, ({a} ** 2 - {c} ** 2) ** 2, 0 * {a})",
        "{g} * xp.where(xp.abs({a}) < {c}, 4 * {a} * ({a} ** 2 - {c} ** 2), 0 * {a})",
    ),
    "shifted pair": Rule(
        "xp.where({a} < {c}, 1 / {a} - 1 / {c} + ({a} - {c}) / {c} ** 2, 0 * {a})",
        "{g} * xp.where({a} < {c}, 1 / {c} ** 2 - 1 / {a} ** 2, 0 * {a})",
    ),
    # Of two.
    "add": Rule("{a} + {b}", "{g}", "{g}"),
    "sub": Rule("{a} - {b}", "{g}", "-{g}"),
    "mul": Rule("{a} * {b}", "{g} * {b}", "{g} * {a}"),
    "div": Rule("{a} / {b}", "{g} / {b}", "-{g} * {o} / {b}"),
    "ratio": Rule(
        "{a} / (1 + {b} ** 2)", "{g} / (1 + {b} ** 2)", "-2 * {g} * {o} * {b} / (1 + {b} ** 2)"
    ),
    "logaddexp": Rule(
        "xp.logaddexp({a}, {b})", "{g} * xp.exp({a} - {o})", "{g} * xp.exp({b} - {o})"
    ),
    "max": Rule(
        "xp.maximum({a}, {b})",
        "{g} * xp.where({a} > {b}, 1, 0)",
        "{g} * xp.where({a} > {b}, 0, 1)",
    ),
    "min": Rule(
        "xp.minimum({a}, {b})",
        "{g} * xp.where({a} < {b}, 1, 0)",
        "{g} * xp.where({a} < {b}, 0, 1)",
    ),
    # To one number.
    "sum": Rule("xp.sum({a})", "{g} * xp.ones_like({a})"),
    "mean": Rule("xp.sum({a}) / {k}", "{g} * xp.ones_like({a}) / {k}"),
    "dot": Rule("xp.sum({c} * {a})", "{g} * {c}"),
    # Narrow types.
    "narrow": Rule("xp.asarray({a}, dtype={c})", "xp.asarray({g}, dtype={c})"),
    "wide": Rule("xp.asarray({a}, dtype=float)", "{g}"),
}
SINGLY = "    x = xp.array([each.item() for each in x])"
"""Reads numbers out of the array, which JAX can follow in no way."""

WAYS = {"traced": "jax.numpy", "host": "numpy", "twin": "numpy"}


class Step(NamedTuple):
    """One operation: the name of its result, its rule, and what the names in its text mean."""

    out: str
    rule: str
    names: dict[str, str]


@dataclass
class Program:
    """A function under construction, evaluated at its point along the way.

    Attributes:
        x0: The point.
        scalars: The texts of its constants.
        arrays: The texts of its arrays, which are arguments of the function.
        steps: The operations in order; the last one gives the value of the function.
        values: What each name is at the point, in NumPy.
        long: Whether the truth needs only extended precision.
    """

    x0: Float[np.ndarray, " d"]
    scalars: dict[str, str] = field(default_factory=dict)
    arrays: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    long: bool = False

    def __post_init__(self) -> None:
        self.values |= {"x": self.x0, "xp": np, "np": np, "ml_dtypes": ml_dtypes}

    def constant(self, value: float | str) -> str:
        """Adds a number, or what a text stands for, and returns its name."""
        name = f"c{len(self.scalars)}"
        self.scalars[name] = value if isinstance(value, str) else repr(float(value))
        self.values[name] = eval(self.scalars[name], self.values)
        return name

    def array(self, text: str | np.ndarray) -> str:
        """Adds an array, or what a text stands for, and returns its name."""
        name = f"A{len(self.arrays)}"
        self.arrays[name] = text if isinstance(text, str) else f"np.array({text.tolist()!r})"
        self.values[name] = eval(self.arrays[name], self.values)
        return name

    def apply(self, rule: str, a: str, b: str = "", **names: str) -> str:
        """Adds an operation and returns the name of its result."""
        out = f"v{len(self.steps)}"
        step = Step(out, rule, {"a": a, "b": b, "o": out, **names})
        with np.errstate(all="ignore"):
            self.values[out] = eval(RULES[rule].text.format(**step.names), self.values)
        self.steps.append(step)
        return out

    def size(self, name: str) -> float:
        """Returns the largest magnitude that a result has at the point."""
        return float(np.max(np.abs(np.asarray(self.values[name], float))))

    @property
    def usable(self) -> bool:
        """Whether the value at the point is finite, and the gradient as well and not all 0."""
        if not np.isfinite(float(self.values[self.steps[-1].out])):
            return False
        with np.errstate(all="ignore"):
            gradient = self.functions("host")["formula"](self.x0, *self.data)
        return bool(np.all(np.isfinite(gradient)) and np.any(gradient))

    def source(self, way: str) -> str:
        """Returns the text of the functions `value` and `formula`, the point and the data."""
        rows = ["import ml_dtypes", "import numpy as np", f"import {WAYS[way]} as xp", ""]
        rows += [f"{name} = {text}" for name, text in (self.scalars | self.arrays).items()]
        rows += [f"x0 = np.array({self.x0.tolist()!r})", ""]
        names = ", ".join(["x", *self.arrays])
        reads = {"host": [SINGLY], "twin": ["    x = xp.asarray(x)"]}
        read = reads.get(way, [])
        forward = [f"    {s.out} = {RULES[s.rule].text.format(**s.names)}" for s in self.steps]
        rows += ["", f"def value({names}):", *read, *forward]
        rows += [f"    return {self.steps[-1].out}", ""]
        rows += ["", f"def formula({names}):", "    x = xp.asarray(x)", *forward, *self._sweep()]
        return "\n".join(rows) + "\n"

    def _sweep(self) -> list[str]:
        """Returns the lines of the reverse sweep."""
        last = self.steps[-1].out
        rows, reached = [f"    d_{last} = xp.ones_like({last})"], {last}
        for step in reversed(self.steps):
            if step.out not in reached:
                continue
            names = {**step.names, "g": f"d_{step.out}"}
            for key, text in (("a", RULES[step.rule].da), ("b", RULES[step.rule].db)):
                if not text:
                    continue
                into = step.names[key]
                before = f"d_{into} + " if into in reached else ""
                rows.append(f"    d_{into} = {before}{text.format(**names)}")
                reached.add(into)
        return [*rows, "    return xp.asarray(d_x, dtype=float)"]

    def functions(self, way: str) -> dict[str, Any]:
        """Returns what the text defines."""
        names: dict[str, Any] = {}
        exec(compile(self.source(way), f"<{way} program>", "exec"), names)
        return names

    @property
    def data(self) -> tuple[np.ndarray, ...]:
        """The arrays, the further arguments of the functions."""
        return tuple(self.values[name] for name in self.arrays)


Draw = Callable[[np.random.Generator], Program]
"""What draws a random program."""
