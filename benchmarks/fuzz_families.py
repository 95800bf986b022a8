"""Random programs by kind: each function draws one that is hard in one way.

All have two to eight parameters. Matrices are written into the text of a program as a draw from
a seed, so that a program with 10⁵ rows is a few lines.
"""

import numpy as np
from fuzz_programs import Program
from numpy.random import Generator

SMOOTH = (
    *("sin", "cos", "exp", "exp-", "bell", "tanh", "sigmoid", "softplus", "log1p2", "root"),
    *("square", "cube", "lorentz", "expm1"),
)
PIECES = ("abs", "relu", "hinge2", "hinge3", "clip", "huber", "leaky", "cut")
SCALED = ("clip", "huber", "leaky", "cut", "times", "shift")
"""Rules with a constant about the size of their argument."""
TWO = ("add", "sub", "mul", "ratio", "logaddexp")
LARGE = 3.0
"""Results above it are scaled down before the next operation, lest exp(cube(...)) overflow."""


def point(rng: Generator) -> Program:
    return Program(rng.standard_normal(rng.integers(2, 9)) * rng.uniform(0.3, 2))


def matrix(program: Program, rng: Generator, rows: int) -> str:
    seed = rng.integers(1 << 31)
    draw = f"np.random.default_rng({seed}).standard_normal(({rows}, {len(program.x0)}))"
    return program.array(f"{draw} / {len(program.x0)}")


def vector(program: Program, rng: Generator, rows: int) -> str:
    return program.array(f"np.random.default_rng({rng.integers(1 << 31)}).normal(0, 1, {rows})")


def affine(program: Program, rng: Generator, a: str, rows: int | None = None) -> str:
    """Adds A x − b with that many rows, or w x − b for each entry."""
    if rows is None:
        weights = program.array(rng.uniform(0.3, 2, len(program.x0)))
        out = program.apply("times", a, c=weights)
        return program.apply("shift", out, c=program.constant(rng.normal()))
    out = program.apply("matrix", a, c=matrix(program, rng, rows))
    return program.apply("minus", out, c=vector(program, rng, rows))


def tame(program: Program, a: str, largest: float = LARGE) -> str:
    size = program.size(a)
    if not size > largest:
        return a
    return program.apply("over", a, c=program.constant(float(f"{size / largest:.3g}")))


def unary(program: Program, rng: Generator, a: str, rules: tuple[str, ...]) -> str:
    rule = str(rng.choice(rules))
    if rule not in SCALED:
        return program.apply(rule, tame(program, a))
    typical = float(np.median(np.abs(program.values[a]))) or 1.0
    constant = program.constant(float(f"{typical * rng.uniform(0.5, 2):.3g}"))
    return program.apply(rule, a, c=constant)


def mixed(program: Program, rng: Generator, a: str, rules: tuple[str, ...], steps: int) -> str:
    """Adds a few operations on arrays of one length, and returns the last one's result."""
    pool = [a]
    for _ in range(steps):
        if len(pool) > 1 and rng.random() < 0.3:
            other = pool[rng.integers(len(pool) - 1)]  # another one: a − a is no function
            first, second = tame(program, pool[-1]), tame(program, other)
            two = TWO if set(rules) <= set(SMOOTH) else ("max", "min", "mul")
            pool.append(program.apply(str(rng.choice(two)), first, second))
        else:
            pool.append(unary(program, rng, pool[-1], rules))
    return pool[-1]


def total(program: Program, rng: Generator, a: str) -> str:
    """Adds a reduction to one number."""
    rows = len(program.values[a])
    rule = str(rng.choice(("sum", "mean", "dot")))
    names = {"dot": lambda: {"c": vector(program, rng, rows)}, "mean": lambda: {"k": str(rows)}}
    return program.apply(rule, a, **names.get(rule, dict)())


def body(program: Program, rng: Generator, a: str, rules: tuple[str, ...] = SMOOTH) -> str:
    """Adds a random function of an array with one entry for each parameter."""
    rows = None if rng.random() < 0.5 else int(rng.integers(2, 12))
    return tail(program, rng, mixed(program, rng, affine(program, rng, a, rows), rules, 3))


def tail(program: Program, rng: Generator, a: str) -> str:
    """Adds a reduction or a norm, and at times a function of the one number."""
    kind = rng.random()
    if kind < 0.1:
        squares = program.apply("sum", program.apply("square", tame(program, a)))
        inner = program.apply("shift", squares, c=program.constant(rng.uniform(0.1, 1)))
        return program.apply("sqrt", inner)
    if kind < 0.2:
        return program.apply("log", program.apply("sum", program.apply("exp", tame(program, a))))
    out = total(program, rng, a)
    return unary(program, rng, out, SMOOTH) if rng.random() < 0.3 else out


def plus_body(program: Program, rng: Generator, out: str, a: str = "x") -> Program:
    """Adds a smooth function to the result, every second time."""
    return with_body(program, rng, out, a) if rng.random() < 0.5 else program


def with_body(program: Program, rng: Generator, out: str, a: str) -> Program:
    program.apply(str(rng.choice(("add", "sub"))), out, body(program, rng, a))
    return program


def smooth(rng: Generator) -> Program:
    program = point(rng)
    return plus_body(program, rng, body(program, rng, "x"))


def piecewise(rng: Generator) -> Program:
    """abs, max, clip, where, Huber and hinges among smooth operations."""
    program = point(rng)
    rows = None if rng.random() < 0.5 else int(rng.integers(2, 12))
    out = unary(program, rng, affine(program, rng, "x", rows), PIECES)
    out = mixed(program, rng, out, (*PIECES, *SMOOTH), int(rng.integers(0, 3)))
    return plus_body(program, rng, tail(program, rng, out))


def sums_of_pieces(rng: Generator) -> Program:
    """Huber, hinges, cut-offs, ReLU networks and splines with many rows."""
    program = point(rng)
    rows = int(10 ** rng.uniform(1.5, 3.3))
    if rng.random() < 0.3:  # splines: rows are knots of one parameter each
        picks = f"np.random.default_rng({rng.integers(1 << 31)}).integers({len(program.x0)}"
        out = program.apply(
            "matrix", "x", c=program.array(f"np.eye({len(program.x0)})[{picks}, size={rows})]")
        )
        out = program.apply("minus", out, c=vector(program, rng, rows))
        out = program.apply(str(rng.choice(("relu", "hinge2", "hinge3"))), out)
    elif rng.random() < 0.3:  # distances and a cut-off
        out = program.apply("root", affine(program, rng, "x", rows))
        out = program.apply("shifted pair", out, c=program.constant(rng.uniform(1.1, 2)))
    else:
        out = unary(program, rng, affine(program, rng, "x", rows), PIECES)
    return plus_body(program, rng, total(program, rng, out))


def even_kinks(rng: Generator) -> Program:
    """Even functions at 0, where any value between the one-sided derivatives is right."""
    program = point(rng)
    program.x0[rng.random(len(program.x0)) < 0.6] = 0.0
    program.apply("times", "x", c=program.array(rng.uniform(0.3, 2, len(program.x0))))
    rule = str(rng.choice(("abs", "abs right", "abs left")))
    if rng.random() < 0.2:
        out = program.apply(rule, program.apply("sin", "v0"))
    else:
        a = program.apply(rule, "v0")
        kind = str(rng.choice(("exp-", "tanh", "log", "div", "sigmoid", "sub")))
        if kind in ("log", "div"):
            one = program.apply("shift", a, c=program.constant(1.0))
            out = program.apply("log", one) if kind == "log" else program.apply("div", a, one)
        elif kind == "sub":
            out = program.apply("sub", program.apply("square", "v0"), a)
        else:
            out = program.apply(kind, a)
    out = program.apply("dot", out, c=program.array(rng.uniform(0.5, 2, len(program.x0))))
    return plus_body(program, rng, out)


def scaled(rng: Generator) -> Program:
    """Entries from 1e-8 to 1e8, each with its own scale, or all in one sum of squares."""
    program = point(rng)
    program.x0 *= 10.0 ** rng.integers(-8, 9, len(program.x0))
    kind = rng.random()
    if kind < 0.6:
        scale = np.array([float(f"{s:.2g}") for s in np.abs(program.x0)])
        out = program.apply("over", "x", c=program.array(scale))
        return plus_body(program, rng, body(program, rng, out), out)
    if kind < 0.8:
        out = program.apply("square", "x")
    else:  # a start at nearly 0, for a function that varies on the scale of 1
        program.x0[0] = 10.0 ** -rng.uniform(8, 200)
        program.x0[1:] = rng.standard_normal(len(program.x0) - 1)
        out = program.apply(str(rng.choice(("sin", "tanh", "expm1"))), "x")
    program.apply("dot", out, c=program.array(rng.uniform(0.5, 2, len(program.x0))))
    return program


def narrow(rng: Generator) -> Program:
    """Lines, waves and steps that are 10 to 10⁷ times as narrow as the parameter is large."""
    program = point(rng)
    d = len(program.x0)
    centre = np.round(rng.uniform(1, 10, d) * 10.0 ** rng.integers(-2, 7, d), 3)
    width = np.array([float(f"{w:.3g}") for w in centre / 10.0 ** rng.uniform(1, 7, d)])
    program.x0[:] = centre + width * rng.uniform(-1.5, 1.5, d)
    if rng.random() < 0.3:
        out = program.apply("over", "x", c=program.array(width))
        out = program.apply(str(rng.choice(("sin", "cos"))), out)
    else:
        out = program.apply("minus", "x", c=program.array(centre))
        out = program.apply("over", out, c=program.array(width))
        out = unary(program, rng, out, ("bell", "lorentz", "tanh", "sin", "sigmoid", "softplus"))
    out = program.apply("dot", out, c=program.array(rng.uniform(0.5, 2, d)))
    if rng.random() < 0.3:
        inner = program.apply("over", "x", c=program.array(centre))
        return with_body(program, rng, out, inner)
    return program


def offset(rng: Generator) -> Program:
    """A function of the order of 1, on top of a large constant."""
    program = smooth(rng)
    constant = program.constant(float(f"{10 ** rng.uniform(4, 10):.3g}"))
    program.apply("shift", program.steps[-1].out, c=constant)
    return program
