"""The places where a derivative is asked for: ordinary numbers, special ones, and thresholds."""

import itertools
from collections.abc import Iterator, Sequence

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal
from jaxtyping import Float

from ...._introspection.jax_internals import closed, inner_programs

ORDINARY = (0.13, 0.37, 0.71, 0.93, 1.29, 1.83, 2.61, 4.3, 7.7)
"""Numbers without a meaning, which the seed moves a little."""

SCALES = (1e-3, 1.0, 30.0)

SPECIAL = (
    *(1e-300, 1e-200, 1e-100, 1e-50, 1e-20, 1e-12, 1e-8, 1e-5, 1e-3, 0.01, 0.1, 0.25, 0.5, 0.75),
    *(1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0, 18.0, 20.0, 25.0, 30.0),
    *(36.0, 40.0, 50.0, 100.0, 300.0, 700.0, 709.5, 745.0, 1e4, 1e8, 1e16, 1e100, 1e200, 1e300),
    *(1 - 1e-12, 1 + 1e-12, 1 - 1e-6, 1 + 1e-6),
)
"""Numbers at which programs choose, overflow or cancel."""

OTHERS = ((0.71, 1.29, 0.43, 1.83), (2.61, 0.37, 0.29, 4.3), (3.0, 2.0, 0.5, 1.0))
"""Values of the other arguments while one is moved."""

COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne", "max", "min", "clamp")

THRESHOLDS = 40
"""The most thresholds of one program."""


def numbers(seed: int, thresholds: Sequence[float] = ()) -> Float[np.ndarray, " n"]:
    """Returns the numbers at which one argument is placed, each once."""
    generator = np.random.default_rng(seed)
    ordinary = np.outer(SCALES, ORDINARY * generator.uniform(0.95, 1.05, len(ORDINARY))).ravel()
    positive = np.concatenate([ordinary, SPECIAL])
    beside = [
        moved
        for each in thresholds
        for moved in (each, np.nextafter(each, -np.inf), np.nextafter(each, np.inf))
    ]
    near = [each * (1 + sign * 1e-6) for each in thresholds for sign in (-1, 1)]
    every = np.unique(np.concatenate([[0.0], positive, -positive, beside, near]))
    tiny = np.finfo(float).tiny  # XLA on the CPU takes anything below for zero
    return every[(every == 0) | (np.abs(every) >= tiny)]


def is_ordinary(x: Float[np.ndarray, " n"]) -> np.ndarray:
    """Whether numbers are of a usual size, where a function has its usual derivatives."""
    return (np.abs(x) >= 0.1) & (np.abs(x) <= 10)


def scalar_points(
    arguments: int, moved: int, values: Float[np.ndarray, " n"]
) -> Float[np.ndarray, "m arguments"]:
    """Returns points at which one argument takes all values; the others are ordinary, or equal."""
    rows = []
    for others in OTHERS[: 1 if arguments == 1 else None]:
        points = np.tile(np.resize(others, arguments), (len(values), 1))
        points[:, moved] = values
        rows.append(points)
    if arguments > 1:  # ties
        rows.append(np.repeat(values[:, None], arguments, axis=1))
    return np.concatenate(rows)


def thresholds(program: ClosedJaxpr) -> tuple[float, ...]:
    """Returns the constants that a program compares floating numbers with."""
    found = dict.fromkeys(
        number
        for number in _compared(program.jaxpr)
        if np.isfinite(number) and (number == 0 or 1e-300 < abs(number) < 1e300)
    )
    return tuple(itertools.islice(found, THRESHOLDS))


def _compared(jaxpr: Jaxpr) -> Iterator[float]:
    for equation in jaxpr.eqns:
        if equation.primitive.name in COMPARISONS:
            for variable in equation.invars:
                number = variable.val if isinstance(variable, Literal) else None
                if number is not None and np.ndim(number) == 0:
                    yield float(number)
        for inner in inner_programs(equation):
            yield from _compared(closed(inner).jaxpr if not isinstance(inner, Jaxpr) else inner)


SIDE = 4
"""Number of entries of the vectors, and of rows of the matrices; even, for what halves them."""


def vectors(seed: int, size: int = SIDE) -> dict[str, Float[np.ndarray, " n"]]:
    """Returns vectors by the words that describe them."""
    drawn = np.random.default_rng(seed).normal(size=size)
    ties = np.resize([1.3, 1.3, 0.4, 0.4], size)
    return {
        "general": drawn,
        "positive": np.abs(drawn) + 0.1,
        "in (0, 1)": np.linspace(0.15, 0.8, size),
        "repeated entries": ties,
        "one zero": drawn * (np.arange(size) != 1),
        "zero": np.zeros(size),
        "small": 1e-9 * drawn,
        "large": 800 * drawn,
        "one large entry": drawn + 60.0 * (np.arange(size) == 2),
    }


def matrices(seed: int, side: int = SIDE) -> dict[str, Float[np.ndarray, "n n"]]:
    """Returns square matrices by the words that describe them."""
    generator = np.random.default_rng(seed)
    A, B = generator.normal(size=(2, side, side))
    Q, _ = np.linalg.qr(A)
    spread = np.arange(1.0, side + 1)
    tied = np.resize([2.0, 2.0, 5.0], side)
    singular = A.copy()
    singular[-1] = singular[0]
    return {
        "general": A,
        "symmetric": (B + B.T) / 2,
        "positive definite": B @ B.T + np.eye(side),
        "orthogonal": Q,
        "triangular": np.tril(A) + 2 * np.eye(side),
        "singular": singular,
        "equal eigenvalues": Q @ np.diag(tied) @ Q.T,
        "diagonal": np.diag(spread),
        "identity": np.eye(side),
        "zero row": A * (np.arange(side) > 0)[:, None],
        "zero": np.zeros((side, side)),
        "nearly singular": Q @ np.diag(10.0 ** (-3 * (spread - 1))) @ Q.T,
    }


SYMMETRIC = ("symmetric", "positive definite", "equal eigenvalues", "nearly singular")
"""Matrices that stay symmetric where they are moved: some functions read one half of them."""


def traced(function, *arguments) -> ClosedJaxpr:
    """Returns the program of a function for arguments of these shapes."""
    return jax.make_jaxpr(function)(*arguments)
