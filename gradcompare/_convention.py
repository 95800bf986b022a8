"""What a hand-written derivative is the derivative of, where it is not simply the gradient.

Two people who derive the same objective can write down different and right answers: one with
respect to log θ, one without the factor ½, one for the negative logarithm. What is declared here
is applied to the derivatives that the hand-written one is compared with, never to that one:

    given = sign · scale · (θ ∘ S ∇f(θ)),

where the factor θ is there for `wrt="log"`, by the chain rule through θ = exp(log θ), and S takes
the symmetric part (G + Gᵀ)/2 of each square matrix for `symmetric`. So a derivative along u is
the plain one along sign · scale · S(θ ∘ u).
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float

from ._errors import InputError
from ._tree import Layout

Wrt = Literal["parameters", "log"]
Intent = Literal["gradient", "upper bound"]
Reduction = Literal["", "sum", "mean"]


@dataclass(frozen=True)
class Convention:
    """What a hand-written derivative means.

    Attributes:
        wrt: With respect to what: the parameters themselves, or their logarithms.
        sign: −1 where the derivative of −f is given, as a score is for a loss.
        scale: What the derivative is multiplied by beside that.
        symmetric: Whether each square matrix of parameters is symmetric, and the symmetric
            part (G + Gᵀ)/2 of its derivative is given.
        intent: An `upper bound` need not be equal to the derivative, only not less.
        reduction: Whether the value is the sum or the mean over the rows of the data; nothing
            where it is neither. For the reader: it changes no comparison.

    Raises:
        InputError: if a field cannot be used as described.
    """

    wrt: Wrt = "parameters"
    sign: Literal[1, -1] = 1
    scale: float = 1.0
    symmetric: bool = False
    intent: Intent = "gradient"
    reduction: Reduction = ""

    def __post_init__(self):
        allowed = {
            "wrt": get_args(Wrt),
            "sign": (1, -1),
            "intent": get_args(Intent),
            "reduction": get_args(Reduction),
        }
        for field, values in allowed.items():
            given = getattr(self, field)
            if given not in values:
                raise InputError(
                    f"the convention has {field}={given!r}; give one of "
                    f"{', '.join(repr(value) for value in values)}"
                )
        if not (np.isfinite(self.scale) and self.scale > 0):
            raise InputError(f"the convention has scale={self.scale!r}; give a positive number")
