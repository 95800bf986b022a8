"""Random programs that lose digits inside: they cancel, saturate, underflow, or add many terms."""

import numpy as np
from fuzz_families import (
    PIECES,
    affine,
    body,
    even_kinks,
    mixed,
    narrow,
    offset,
    piecewise,
    plus_body,
    point,
    scaled,
    smooth,
    sums_of_pieces,
    tame,
    total,
    unary,
)
from fuzz_programs import Draw, Program
from numpy.random import Generator


def cancelling(rng: Generator) -> Program:
    """log(1 − p), log(1 − exp(−a)), √(1 + a²) − 1, differences of nearly equal sums, variances."""
    program = point(rng)
    rows = None if rng.random() < 0.5 else int(rng.integers(2, 40))
    a = affine(program, rng, "x", rows)
    kinds = (_log_loss, _log_one_minus_exp, _minus_one, _nearly_equal, _variance)
    out = kinds[rng.integers(len(kinds))](program, rng, a)
    return plus_body(program, rng, out)


def _log_loss(program: Program, rng: Generator, a: str) -> str:
    """T log p + (1 − t) log(1 − p), with t of 0 and 1."""
    a = program.apply("times", a, c=program.constant(rng.uniform(1, 8)))
    p = program.apply("logistic", tame(program, a, 25))
    t = (rng.random(len(program.values[a])) < 0.5).astype(float)
    yes = program.apply("dot", program.apply("log", p), c=program.array(t))
    no = program.apply("log", program.apply("one-", p))
    return program.apply("add", yes, program.apply("dot", no, c=program.array(1 - t)))


def _log_one_minus_exp(program: Program, rng: Generator, a: str) -> str:
    a = program.apply("shift", program.apply("square", a), c=program.constant(0.01))
    a = program.apply("times", a, c=program.constant(10 ** rng.uniform(-2, 1.5)))
    out = program.apply("log", program.apply("one-", program.apply("exp-", tame(program, a, 30))))
    return total(program, rng, out)


def _minus_one(program: Program, rng: Generator, a: str) -> str:
    """√(1 + a²) − 1, exp(a) − 1 or cos(a) − 1 for a small a, brought back to the order of 1."""
    small = 10 ** -rng.uniform(1, 4)
    a = program.apply("times", a, c=program.constant(small))
    rule = str(rng.choice(("root", "exp", "cos")))
    out = program.apply("-one", program.apply(rule, a))
    power = 1 if rule == "exp" else 2
    out = program.apply("over", out, c=program.constant(float(small**power)))
    return total(program, rng, unary(program, rng, out, ("tanh", "times", "square", "sin")))


def _nearly_equal(program: Program, rng: Generator, a: str) -> str:
    """The difference of two sums that are alike up to a small part, divided by its size."""
    small = 10 ** -rng.uniform(2, 8)
    first = mixed(program, rng, a, ("sin", "exp", "tanh", "square"), 1)
    part = program.apply("times", program.apply("cos", a), c=program.constant(small))
    second = program.apply("add", first, part)
    difference = program.apply("sub", program.apply("sum", second), program.apply("sum", first))
    return program.apply("over", difference, c=program.constant(small))


def _variance(program: Program, rng: Generator, a: str) -> str:
    """The mean of squares minus the square of the mean, of values with a large mean."""
    a = program.apply("shift", a, c=program.constant(10 ** rng.uniform(1, 5)))
    rows = str(len(program.values[a]))
    mean = program.apply("mean", a, k=rows)
    squares = program.apply("mean", program.apply("square", a), k=rows)
    return program.apply("sub", squares, program.apply("square", mean))


def saturated(rng: Generator) -> Program:
    """Sigmoids and tangents far out, where they are constant up to a few digits or none."""
    program = point(rng)
    d = len(program.x0)
    program.x0[:] = rng.uniform(8, 35, d) * rng.choice([1, 1, -1], d)
    out = program.apply(str(rng.choice(("logistic", "tanh", "softplus"))), "x")
    return plus_body(program, rng, total(program, rng, out))


def extreme(rng: Generator) -> Program:
    """Values, parameters or both of the order of 1e±50 to 1e±150."""
    program = point(rng)
    large = 10.0 ** (rng.choice([-1, 1]) * rng.uniform(50, 150))
    kind = rng.random()
    if kind < 0.4:
        out = body(program, rng, "x")
        program.apply("times", out, c=program.constant(large))
        return program
    program.x0 *= large
    if kind < 0.8:
        inner = program.apply("over", "x", c=program.constant(float(f"{large:.3g}")))
        out = body(program, rng, inner)
        if rng.random() < 0.5:
            program.apply("times", out, c=program.constant(large))
        return program
    out = program.apply("square", program.apply("times", "x", c=program.constant(1.5)))
    program.apply("dot", out, c=program.array(rng.uniform(0.5, 2, len(program.x0))))
    return program


TYPES = {"ml_dtypes.bfloat16": 8, "np.float16": 11, "np.float32": 24}
"""Narrow types and the bits of their numbers."""


def low_precision(rng: Generator) -> Program:
    """A small network whose numbers, or those of one layer, have few digits."""
    program = point(rng)
    text = str(rng.choice(list(TYPES)))
    program.x0[:] = _rounded(program.x0, TYPES[text])
    narrow = program.constant(text)
    rows, d = int(rng.integers(3, 12)), len(program.x0)
    weights, bias, last = (
        program.array(_rounded(rng.standard_normal(shape), TYPES[text]))
        for shape in ((rows, d), rows, rows)
    )
    x = program.apply("narrow", "x", c=narrow) if rng.random() < 0.7 else "x"
    out = program.apply("matrix", x, c=program.apply("narrow", weights, c=narrow))
    out = program.apply("shift", out, c=program.apply("narrow", bias, c=narrow))
    if x == "x":
        out = program.apply("narrow", out, c=narrow)
    out = program.apply(str(rng.choice(("tanh", "sin", "softplus", "logistic"))), out)
    if rng.random() < 0.5:
        out = program.apply("dot", out, c=program.apply("narrow", last, c=narrow))
        program.apply("wide", out)
    else:
        program.apply("dot", program.apply("wide", out), c=last)
    return program


def _rounded(values: np.ndarray, bits: int) -> np.ndarray:
    """Rounds to numbers that the narrow type has, so that casts of the data change nothing."""
    fraction, power = np.frexp(values)
    return np.ldexp(np.round(fraction * 2.0**bits), power - bits)


def long_sums(rng: Generator) -> Program:
    """Sums of 10³ to 10⁵ terms: logistic loss, squares, Huber's function."""
    program = point(rng)
    program.x0 = program.x0[:5]
    program.values["x"] = program.x0
    program.long = True
    rows = int(10 ** rng.uniform(3, 5))
    residual = affine(program, rng, "x", rows)
    rules = ("softplus", "square", "huber", "root", "sigmoid", *PIECES[:3])
    out = unary(program, rng, residual, rules)
    out = total(program, rng, out)
    ridge = program.apply("sum", program.apply("square", "x"))
    program.apply("add", out, ridge)
    return program


FAMILIES: dict[str, Draw] = {
    "smooth": smooth,
    "piecewise": piecewise,
    "sums of pieces": sums_of_pieces,
    "even kinks": even_kinks,
    "cancelling": cancelling,
    "saturated": saturated,
    "scaled": scaled,
    "narrow": narrow,
    "offset": offset,
    "extreme": extreme,
    "low precision": low_precision,
    "long sums": long_sums,
}


def draw(family: str, seed: int, number: int) -> Program:
    """Draws a program that has a value and a gradient at its point."""
    for attempt in range(100):
        program = FAMILIES[family](np.random.default_rng([seed, number, attempt]))
        if program.usable:
            return program
    raise RuntimeError(f"100 programs of the family {family} have no value at their point")
