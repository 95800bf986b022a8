"""The faults of gradients, each planted into a scene wherever it makes sense.

A fault is a NumPy function of a row: the point, the data and the right gradient there. It lists
the kinds of finding that name it correctly, the best first. Nothing here knows how the diagnosis
works; `names.py` adds the names that describe exactly the same numbers.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from faults_elsewhere import ELSEWHERE
from planting import Made, batch_rows, laid, on, reordered, times, vectors
from scenes import Change, Scene

SMALL = {"x1.01": 1.01, "x(1+1e-4)": 1 + 1e-4}

CONSTANTS = {
    "x-1": -1.0, "x2": 2.0, "x1/2": 0.5, "xpi": math.pi, "x2pi": 2 * math.pi,
    "xsqrt2": math.sqrt(2), "xln2": math.log(2), **SMALL,
}  # fmt: skip

LARGEST = 50.0
"""Largest parameter for which exponentials are planted."""

CANCELLED = 1e-9
"""Sums below this, relative to their summands, are zero but for rounding."""

AMOUNT = 0.1
"""Factor of the terms that are added."""


@dataclass(frozen=True)
class Fault:
    """One fault of a gradient.

    Attributes:
        name: A description.
        kinds: The kinds of finding that name it correctly, the best first.
        change: Maps a row to the wrong gradient there.
        group: The group under which it is counted.
    """

    name: str
    kinds: tuple[str, ...]
    change: Change
    group: str = ""


def planted(scene: Scene) -> Iterator[Fault]:
    """Yields every fault that can be planted in a scene."""
    for group, makers in GROUPS.items():
        for name, kinds, change in makers(scene):
            yield Fault(name, kinds, change, group)


def everything(scene: Scene) -> Made:
    constants = dict(CONSTANTS)
    if rows := batch_rows(scene):
        constants |= {f"x{rows} (rows)": rows, f"x1/{rows} (rows)": 1 / rows}
    for path, shape, _ in scene.leaves[:1]:
        constants |= {f"x{n} (axis {axis} of {path})": n for axis, n in enumerate(shape)}
    scalars = {name: float(a.reshape(-1)[0]) for name, a in scene.data.items() if a.size == 1}
    constants |= {f"x{name}": s for name, s in scalars.items() if s not in (0.0, 1.0)}
    for name, c in constants.items():
        if c != 1:
            yield f"{name} everywhere", *times(slice(None), c)


def leaf(scene: Scene) -> Made:
    for path, _, span in scene.leaves if len(scene.leaves) > 1 else ():
        for name, c in {"x2": 2.0, "x-1": -1.0, "x0": 0.0, "x1.01": 1.01}.items():
            yield f"{name} on {path}", *times(span, c)


def block(scene: Scene) -> Made:
    for path, shape, span in scene.leaves:
        number = np.arange(span.start, span.stop).reshape(shape)
        blocks = {}
        if len(shape) == 2 and min(shape) > 1:
            blocks = {"row 0": number[0], "last column": number[:, -1]}
            if shape[0] == shape[1]:
                blocks["diagonal"] = np.diag(number)
        elif len(shape) == 1 and shape[0] >= 4:
            blocks = {"first half": number[: len(number) // 2]}
        for where, part in blocks.items():
            for name, c in {"x-1": -1.0, "x0": 0.0, "x2": 2.0}.items():
                yield f"{name} on {where} of {path}", *times(part, c)


def entry(scene: Scene) -> Made:
    i, _ = scene.pair
    for name, c in {**SMALL, "x2": 2.0, "x-1": -1.0, "x0": 0.0}.items():
        yield f"{name} on one entry", *times(i, c)


def sigmoid(t):
    return 0.5 * (1 + np.tanh(t / 2))


CHAIN = {
    "x theta": lambda g, x: x * g,
    "/ theta": lambda g, x: g / x,
    "x exp theta": lambda g, x: np.exp(x) * g,
    "x s(1-s)": lambda g, x: sigmoid(x) * sigmoid(-x) * g,
}


def chain(scene: Scene) -> Made:
    where = {"": slice(None)}
    if len(scene.leaves) > 1:
        where |= {f" on {path}": span for path, _, span in scene.leaves[:2]}
    for name, change in CHAIN.items():
        for text, part in where.items():
            x = scene.x[:, part]
            apt = {"/ theta": np.all(x != 0), "x exp theta": np.abs(x).max() < LARGEST}
            if apt.get(name, True):
                yield name + text, ("chain factor",), on(part, change)


def array_factor(scene: Scene) -> Made:
    for text, span, v in vectors(scene):
        yield f"x {text}", ("data factor",), on(span, lambda g, x, v=v: v * g)
    for path, shape, span in scene.leaves:
        for other, other_shape, source in scene.leaves:
            if (
                other != path
                and laid(np.arange(scene.d)[source].reshape(other_shape), shape) is not None
            ):

                def change(row, shape=shape, span=span, source=source, inner=other_shape):
                    g = row.g.copy()
                    g[span] *= laid(row.x[source].reshape(inner), shape)
                    return g

                yield f"x {other} over {path}", ("parameter factor",), change
    i, j = scene.pair
    if i != j:
        yield (
            "one entry x another theta",
            ("parameter factor",),
            lambda row: on(i, lambda g, x: row.x[j] * g)(row),
        )


def permutation(scene: Scene) -> Made:
    i, j = scene.pair
    if i != j:
        yield "two entries swapped", ("swap",), reordered([i, j], [j, i])
    for path, shape, span in scene.leaves:
        number = np.arange(span.start, span.stop)
        order = number.reshape(shape)
        if len(number) > 3:
            kinds = ("reversed",) if len(shape) == 1 else ("reversed", "swap")
            yield f"{path} reversed", kinds, reordered(number, number[::-1])
        if len(number) > 2:
            plain = len(shape) == 1 and len(number) > 3
            kinds = ("shift",) if plain else ("shift", "permutation")
            yield f"{path} shifted by one", kinds, reordered(number, np.roll(number, 1))
        if len(shape) == 2 and min(shape) > 1:
            yield f"{path} transposed", ("transpose",), reordered(number, order.T.reshape(-1))
    for k, (a, shape, first) in enumerate(scene.leaves):
        for b, other, second in scene.leaves[k + 1 :]:
            if shape == other:
                here, there = (np.arange(s.start, s.stop) for s in (first, second))
                both, turned = np.concatenate([here, there]), np.concatenate([there, here])
                yield f"{a} and {b} exchanged", ("swap",), reordered(both, turned)


def additive(scene: Scene) -> Made:
    where = {"": slice(None)}
    if len(scene.leaves) > 1:
        where |= {f" on {scene.leaves[0][0]}": scene.leaves[0][2]}
    added = {"constant": lambda x: 1 + 0 * x, "theta": lambda x: x, "sign theta": np.sign}
    for text, part in where.items():
        for name, term in added.items():
            change = on(part, lambda g, x, term=term: g + AMOUNT * term(x))
            yield f"+ {name}{text}", ("additive",), change
    for text, span, v in vectors(scene):
        yield f"+ {text}", ("additive",), on(span, lambda g, x, v=v: g + v)


def reduction(scene: Scene) -> Made:
    for path, shape, span in scene.leaves:
        if len(shape) == 2 and min(shape) > 1:

            def summed(g, x, shape=shape):
                total = g.reshape(shape).sum(1, keepdims=True)
                return np.broadcast_to(total, shape).reshape(-1)

            held = np.abs(summed(scene.g[0, span], None)).max()
            if held > CANCELLED * np.abs(scene.g[0, span]).max():
                yield f"{path} holds its row sums", ("sum",), on(span, summed)
            if shape[0] == shape[1]:
                keep = np.eye(shape[0]).reshape(-1)
                diagonal = on(span, lambda g, x, keep=keep: keep * g)
                yield f"only the diagonal of {path}", ("zero",), diagonal


GROUPS: dict[str, Callable[[Scene], Made]] = {
    "factor": everything,
    "factor of a leaf": leaf,
    "factor of a block": block,
    "factor of an entry": entry,
    "chain factor": chain,
    "array as factor": array_factor,
    "permutation": permutation,
    "additive": additive,
    "reduction": reduction,
    **ELSEWHERE,
}
