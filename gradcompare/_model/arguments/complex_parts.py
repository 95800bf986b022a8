"""Complex parameters as their real and imaginary parts, and the conventions of their gradients.

A real loss f of z = x + i y has one derivative by x and one by y. Three numbers for both are in
use: ∂f/∂x − i ∂f/∂y, which `jax.grad` gives; its conjugate ∂f/∂x + i ∂f/∂y, along which f rises
fastest, as PyTorch has it; and half of that, ∂f/∂z̄ after Wirtinger (1927), Math. Ann. 97.
"""

from dataclasses import dataclass
from typing import Any, Literal

import jax
import numpy as np
from jaxtyping import Bool

from ..._foundation.errors import UnknownNameError
from ..._foundation.layout import PyTree

ComplexConvention = Literal["jax", "ascent", "wirtinger"]

FACTORS: dict[ComplexConvention, complex] = {"jax": 1 - 1j, "ascent": 1 + 1j, "wirtinger": 2 + 2j}
"""What the real and the imaginary part of a gradient are multiplied by to be ∂f/∂x and ∂f/∂y."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class ComplexParts:
    """A complex array in two real ones."""

    real: Any
    imag: Any

    @classmethod
    def of(cls, numbers: Any) -> "ComplexParts":
        """Returns the parts of an array."""
        return cls(numbers.real, numbers.imag)

    @property
    def joined(self) -> Any:
        """The complex array."""
        return self.real + 1j * self.imag


def require_convention(convention: Any) -> None:
    """Checks that there is a convention of this name.

    Raises:
        UnknownNameError: if not.
    """
    if not isinstance(convention, str) or convention not in FACTORS:
        raise UnknownNameError("complex_convention", convention, FACTORS)


def parts_of_gradient(gradient: Any, convention: ComplexConvention) -> ComplexParts:
    """Returns ∂f/∂x and ∂f/∂y from the complex gradient of a convention."""
    factor = FACTORS[convention]
    return ComplexParts(factor.real * gradient.real, factor.imag * gradient.imag)


def is_parts(node: Any) -> bool:
    """Whether a node of a pytree holds the parts of a complex array."""
    return isinstance(node, ComplexParts)


def imaginary(params: PyTree) -> Bool[np.ndarray, " d"] | None:
    """Returns which coordinates are imaginary parts; None if no parameter is complex."""
    nodes = jax.tree.leaves(params, is_leaf=is_parts)
    if not any(map(is_parts, nodes)):
        return None
    marks = [
        np.repeat([False, True], np.size(node.real))
        if is_parts(node)
        else np.zeros(np.size(node), bool)
        for node in nodes
    ]
    return np.concatenate(marks)
