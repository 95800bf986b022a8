"""What a vote reaches: how small an error shows, where, and how far the sources agree."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ..._foundation.layout import indices
from ..._model.estimate import SAFETY, Estimate
from .excess import distance

RESOLVED = 0.1
"""Largest error bar, relative to the derivative, at which finite differences verify it."""


def reach(
    value: float, exact: Estimate, differences: Estimate | None, other: Estimate | None
) -> dict[str, Any]:
    """Returns the fields of a judgement on how far it reaches.

    Args:
        value: The objective at the point.
        exact: The derivative under test.
        differences: The finite differences.
        other: Autodiff, if the derivative under test is written by hand.
    """
    scale = exact.largest
    agrees = _agreement(exact, other if differences is None else differences)
    if differences is None:
        everything = tuple(range(len(exact.value)))
        note = "finite differences gave no information; the verdict rests on the two other sources"
        return {"unverified": everything, "scale": scale, "note": note} | agrees
    error = np.where(np.isfinite(differences.value), differences.error + exact.error, np.inf)
    constant = (differences.value == 0) & (exact.value == 0)
    constant &= _is_small(error, scale, value, differences.step)
    verified = (error <= RESOLVED * np.abs(exact.value)) | constant
    smooth = verified & ~differences.kinked  # at a kink, a range of values is right
    # An error is detected once it exceeds SAFETY bars; the differences may themselves be off by
    # their bar, towards the error, which hides as much of it.
    floors = SAFETY * error[smooth] + differences.error[smooth]
    return {
        "unverified": indices(~verified & ~differences.kinked),
        "floor": float(np.max(floors)) if smooth.any() else float("nan"),
        "scale": scale,
    } | agrees


def _agreement(exact: Estimate, reference: Estimate | None) -> dict[str, float]:
    """Returns upper bounds of the relative error: of the worst entry, and in the 2-norm."""
    if reference is None:
        return {}
    largest = reference.largest
    with np.errstate(over="ignore", invalid="ignore"):
        # Division keeps squares from over- and underflow.
        unit = largest if 0 < largest < np.inf else 1.0
        off = distance(exact, reference) / unit + exact.error / unit + reference.error / unit
        norm = float(np.linalg.norm(reference.value / unit))
    if not off.any():
        return {"agrees_to": 0.0, "agrees_to_norm": 0.0}
    if not largest > 0:
        return {"agrees_to": np.inf, "agrees_to_norm": np.inf}
    return {"agrees_to": float(np.max(off)), "agrees_to_norm": float(np.linalg.norm(off)) / norm}


def _is_small(
    error: Float[np.ndarray, " k"], scale: float, value: float, step: np.ndarray | None
) -> Bool[np.ndarray, " k"]:
    """Whether the error bars of a derivative of 0 are small beside the others.

    Where all are 0: whether f changes by a small part of itself over a step.
    """
    if scale > 0 or step is None:
        return np.asarray(error <= RESOLVED * scale)
    with np.errstate(over="ignore", invalid="ignore"):
        return (error == 0) | (error * step <= RESOLVED * abs(value))
