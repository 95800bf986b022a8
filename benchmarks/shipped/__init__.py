"""The shipped tier: derivatives that public projects shipped wrong, as objectives.

Each case has the value, the right gradient, the wrong one as it shipped and the points at which
it shows; `controls` and `values` hold what must not be called wrong, and what cannot be seen.
The formulas are those of the reports, at a small size.
"""

from . import (
    chains,
    controls,
    cotangents,
    factors,
    indices,
    parts,
    points,
    regimes,
    rotations,
    signs,
    terms,
    values,
)
from ._case import ShippedCase as ShippedCase

FAULTS = (
    *factors.CASES,
    *parts.CASES,
    *signs.CASES,
    *terms.CASES,
    *rotations.CASES,
    *regimes.CASES,
    *indices.CASES,
    *cotangents.CASES,
    *chains.CASES,
    *points.CASES,
)
"""Gradients that are wrong, or values that hold a wrong derivative or NaN."""

CONTROLS = (*controls.CASES, *values.CASES)
"""What is right, what is a convention, and what is the right gradient of a wrong value."""

CASES = (*FAULTS, *CONTROLS)

LEFT_OUT = (
    (
        "jax#15709",
        "https://github.com/jax-ml/jax/issues/15709",
        "entr at 0: NaN -> inf; the right derivative is infinite, there is none to compare",
    ),
)
"""Reports without a case: the name, the address and the reason."""
