"""What a hand-written derivative is the derivative of, where it is not simply the gradient.

Two people who derive the same objective can write down different and right answers: one with
respect to log θ, one without the factor ½, one for the negative logarithm. What is declared here
is applied to the derivatives that the hand-written one is compared with, never to that one:

    given = A ∇f(θ) = sign · scale · (θ ∘ S ∇f(θ)),

where the factor θ is there for `wrt="log"`, by the chain rule through θ = exp(log θ), and S takes
the symmetric part (G + Gᵀ)/2 of each square matrix for `symmetric`. So the derivative that is
given along u is ∇f(θ)ᵀ Aᵀu, the plain one along Aᵀu = sign · scale · S(θ ∘ u).
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
    """What a hand-written derivative means.

    Attributes:
        wrt: With respect to what: the parameters themselves, or their logarithms.
        sign: −1 where the derivative of −f is given, as a score is for a loss.
        scale: What the derivative is multiplied by beside that.
        symmetric: Whether each square matrix of parameters is symmetric, and the symmetric
            part (G + Gᵀ)/2 of its derivative is given.
        intent: An `upper_bound` need not be equal to the derivative, only not less.
        reduction: Whether the value is the sum or the mean over the rows of the data; nothing
            where it is neither. For the reader: it changes no comparison.

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
            given = getattr(self, field)
            if given not in values:
                raise InputError(
                    f"the convention has {field}={given!r}; give one of "
                    f"{', '.join(repr(value) for value in values)}"
                )
        if not (np.isfinite(self.scale) and self.scale > 0):
            raise InputError(f"the convention has scale={self.scale!r}; give a positive number")

    @property
    def plain(self) -> bool:
        """Whether the derivative given is the plain one."""
        return self.wrt == "parameters" and self._factor == 1 and not self.symmetric

    @property
    def words(self) -> tuple[str, ...]:
        """What differs from the plain derivative, and how rows are reduced, in a few words."""
        said = [f"{self.reduction} over rows"] if self.reduction else []
        said += ["with respect to log θ"] if self.wrt == "log" else []
        said += [f"times {self._factor:g}"] if self._factor != 1 else []
        said += ["symmetric"] if self.symmetric else []
        return (*said, *(["upper bound"] if self.intent == "upper_bound" else []))

    @property
    def _factor(self) -> float:
        return self.sign * self.scale

    def adjoint(
        self, u: Float[np.ndarray, " d"], x: Float[np.ndarray, " d"], layout: Layout
    ) -> Float[np.ndarray, " d"]:
        """Aᵀu: along it, the plain derivative at `x` is the one that is given along `u`."""
        u = self._factor * (x * u if self.wrt == "log" else u)
        return symmetric_parts(u, layout) if self.symmetric else u

    def applied(self, plain: Estimate, x: Float[np.ndarray, " d"], layout: Layout) -> Estimate:
        """A times an estimate of the gradient at `x`, with its bars, both of them flat."""

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
    """(G + Gᵀ)/2 of every leaf G that is a square matrix; the others as they are."""
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
