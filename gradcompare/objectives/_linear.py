"""A linear model to draw data from, for the objectives of regression and classification."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class Draw(NamedTuple):
    """Weights w to look at, a design matrix X, and Xβ under the true weights β."""

    w: Float[np.ndarray, " n"]
    X: Float[np.ndarray, "m n"]
    predictor: Float[np.ndarray, " m"]


def draw(rng: np.random.Generator, size: int, rows: int) -> Draw:
    """Draws `size` weights and `rows` rows, with Xw and Xβ of order one at any size."""
    X = rng.standard_normal((rows, size))
    true, w = rng.standard_normal((2, size)) / np.sqrt(size)
    return Draw(w, X, X @ true)
