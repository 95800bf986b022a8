"""Domains by name, and their bounds."""

import math

import jax
import numpy as np
from jaxtyping import PyTree

from ..._foundation.errors import InputError, UnknownNameError
from ..._foundation.wording import given

TINY = float(np.finfo(np.float64).tiny)

DOMAINS = {
    "real": (-math.inf, math.inf),
    "positive": (TINY, math.inf),
    "nonnegative": (0.0, math.inf),
    "negative": (-math.inf, -TINY),
    "unit": (0.0, 1.0),
}
"""The smallest and the largest number of each; `positive` and `negative` exclude zero."""


def bounds_of(domain: PyTree) -> tuple[PyTree, PyTree]:
    """Returns the lower and the upper bounds of a domain.

    Args:
        domain: A name, or a pytree of names in the structure of the parameters or of their
            first levels.

    Raises:
        UnknownNameError: if there is no such domain.
    """

    def interval(name):
        if not isinstance(name, str):
            raise InputError(
                f"the domain is {given(name)}; give one of {', '.join(sorted(DOMAINS))}, "
                "or numbers and arrays as bounds=(lower, upper)"
            )
        if name not in DOMAINS:
            raise UnknownNameError("domain", name, DOMAINS)
        return DOMAINS[name]

    lower, upper = (jax.tree.map(lambda name, i=i: interval(name)[i], domain) for i in (0, 1))
    return lower, upper
