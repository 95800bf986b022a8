"""The convention of a hand-written derivative, where it is not simply the gradient.

Two people who derive the same objective can write down different correct answers: one with
respect to log θ, one without the factor ½, one for the negative logarithm. The declared
convention is applied to the other derivatives in a comparison, never to the hand-written one:

    hand-written = A ∇f(θ) = sign · scale · (θ ∘ S ∇f(θ)),

where the factor θ appears for `wrt="log"`, by the chain rule through θ = exp(log θ), and S takes
the symmetric part (G + Gᵀ)/2 of each square matrix for `symmetric`. So the hand-written
derivative along u is ∇f(θ)ᵀ Aᵀu, the plain one along Aᵀu = sign · scale · S(θ ∘ u).
"""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float

from .._foundation.errors import InputError
from .._foundation.layout import Layout
from .estimate import Estimate

Wrt = Literal["parameters", "log"]
Intent = Literal["gradient", "upper_bound"]
Reduction = Literal["", "sum", "mean"]


@dataclass(frozen=True)
class Convention:
    """The meaning of a hand-written derivative.

    Attributes:
        wrt: The variables of the derivative: the `parameters`, or their logarithms (`log`).
        sign: −1 for the derivative of −f, as the score is for a loss.
        scale: A further factor of the derivative.
        symmetric: Whether each square matrix of parameters is symmetric, and the derivative is
            the symmetric part (G + Gᵀ)/2.
        intent: An `upper_bound` may exceed the derivative, but not fall below it.
        reduction: Whether the value is the sum or the mean over the rows of the data; empty if
            neither. For the reader: it changes no comparison.

    Raises:
        InputError: if a field cannot be used as described.

    Examples:
        A score is the derivative of the logarithm of a density, the loss its negative:

        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> gradcompare.Convention(sign=-1, wrt="log").words
        ('with respect to log θ', 'times -1')
        >>> def loss(x):
        ...     return jnp.sum(x**2) / 2
        >>> gradcompare.check(loss, lambda x: -x, [1.0, 2.0], sign=-1).ok
        True
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
            value = getattr(self, field)
            if value not in values:
                raise InputError(
                    f"the convention has {field}={value!r}; give one of "
                    f"{', '.join(map(repr, values))}"
                )
        number = isinstance(self.scale, (int, float, np.number)) and np.isfinite(self.scale)
        if not number or self.scale <= 0:
            raise InputError(f"the convention has scale={self.scale!r}; give a positive number")

    @property
    def plain(self) -> bool:
        """Whether the derivative is the plain one."""
        return self.wrt == "parameters" and self._factor == 1 and not self.symmetric

    @property
    def words(self) -> tuple[str, ...]:
        """The differences to the plain derivative, and the reduction of rows, in a few words."""
        words = [f"{self.reduction} over rows"] if self.reduction else []
        words += ["with respect to log θ"] if self.wrt == "log" else []
        words += [f"times {self._factor:g}"] if self._factor != 1 else []
        words += ["symmetric"] if self.symmetric else []
        return (*words, *(["upper bound"] if self.intent == "upper_bound" else []))

    @property
    def _factor(self) -> float:
        return self.sign * self.scale

    def adjoint(
        self, u: Float[np.ndarray, " d"], x: Float[np.ndarray, " d"], layout: Layout
    ) -> Float[np.ndarray, " d"]:
        """Returns Aᵀu: the plain derivative along it is the declared one along `u`, at `x`."""
        u = self._factor * (x * u if self.wrt == "log" else u)
        return symmetric_parts(u, layout) if self.symmetric else u

    def applied(self, plain: Estimate, x: Float[np.ndarray, " d"], layout: Layout) -> Estimate:
        """Returns A times an estimate of the gradient at `x` and its error bars, all flat."""

        def mapped(vector, factor):
            if vector is None:
                return None
            vector = symmetric_parts(vector, layout) if self.symmetric else vector
            return factor * (x * vector if self.wrt == "log" else vector)

        jumps = plain.jumps
        if jumps is not None and self.symmetric:
            jumps = symmetric_parts(jumps.astype(float), layout) > 0
        return replace(
            plain,
            value=mapped(plain.value, self._factor),
            error=mapped(plain.error, abs(self._factor)),
            left=mapped(plain.left, self._factor),
            right=mapped(plain.right, self._factor),
            jumps=jumps,
        )


PLAIN = Convention()


def symmetric_parts(vector: Float[np.ndarray, " d"], layout: Layout) -> Float[np.ndarray, " d"]:
    """Returns (G + Gᵀ)/2 for every leaf G that is a square matrix; the others unchanged."""
    parts = []
    for start, stop, shape in zip(
        layout.offsets[:-1], layout.offsets[1:], layout.shapes, strict=True
    ):
        part = vector[start:stop]
        if len(shape) == 2 and shape[0] == shape[1]:
            matrix = part.reshape(shape)
            part = ((matrix + matrix.T) / 2).reshape(-1)
        parts.append(part)
    return np.concatenate(parts)
