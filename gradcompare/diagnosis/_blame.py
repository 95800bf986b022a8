"""What is said about those that mislead autodiff: which argument, by what factor, what to do."""

from collections.abc import Sequence

import numpy as np

from .._estimate import Estimate
from .._finding import Finding
from .._judge import SAFETY
from .._numbers import short
from .._suspects import CUT, PLAIN, STOPS, Suspect
from .._tree import listed
from ._trial import Trial

WIDTH = 1e-6
"""A factor is said if it is known as well as this, relative to itself."""


def accuse(trial: Trial, accused: Sequence[Suspect]) -> tuple[Finding, ...]:
    """Returns one finding for each of those that are at fault together."""
    left = trial.undone(accused)
    mended = np.flatnonzero(np.any(trial.before & ~left, axis=0))
    still = np.flatnonzero(np.any(left, axis=0))
    names = [trial.rows[0].programs.problem.layout.name(int(i)) for i in still]
    agrees = "autodiff agrees with finite differences" + (
        f", but for {listed(names)}" if names else ""
    )
    found = []
    for number, suspect in enumerate(accused, start=1):
        alone, last = len(accused) == 1, number == len(accused)
        sentence, advice = _said(trial, suspect, alone)
        proof = f"without {_without(suspect)}" if alone else f"without all {len(accused)}"
        place = suspect.place
        found.append(
            Finding(
                suspect.kind,
                f"{sentence}; {proof}, {agrees}" if last else sentence,
                float(left.sum() / trial.before.sum()),
                advice,
                tuple(mended.tolist()),
                place.file if place else "",
                place.line if place else 0,
            )
        )
    return tuple(found)


def _without(suspect: Suspect) -> str:
    return {"custom rule": "the rule", STOPS: "the stop_gradient"}.get(
        suspect.kind, "the rounding"
    )


def _said(trial: Trial, suspect: Suspect, alone: bool) -> tuple[str, str]:
    """What autodiff does at this operation, and what to do about it."""
    at = "" if suspect.place is None else f" at {suspect.place}"
    if suspect.kind == STOPS:
        what = suspect.place if suspect.own else f"a stop_gradient{at}"
        return (
            f"autodiff takes {what} for a constant, and it depends on the parameters",
            "take it away, or pass what is to be constant as a further argument",
        )
    if suspect.kind == "rounding":
        return (
            f"autodiff takes the derivative of {suspect.name}{at} for 0, as that of a staircase",
            "differentiate the function without it",
        )
    which, factor = _details(trial, suspect) if alone else ("", "")
    wrong = (
        f"whose derivative{which} is {factor or 'wrong'}" if which or factor else "which is wrong"
    )
    if not suspect.own:
        return f"autodiff follows JAX's own rule of {suspect.name}{at}, {wrong}", (
            "write the function out, or move the point"
        )
    rule = f"the rule {suspect.rule}" if suspect.rule else "the rule"
    where = "" if suspect.place is None else f" ({suspect.place.where})"
    return (
        f"autodiff follows {rule} of {suspect.name}{where}, {wrong}",
        "mend the rule, or drop it",
    )


def _details(trial: Trial, suspect: Suspect) -> tuple[str, str]:
    """With respect to which argument the rule is wrong, and by what factor, if that is plain."""
    rows = trial.switches.rows(suspect)
    after = int(trial.wrong(rows).sum())
    guilty = [row for row in rows if trial.wrong([row]).sum() <= after] if len(rows) > 1 else []
    which = ""
    if len(guilty) == 1:
        number = guilty[0] - rows[0]
        name = suspect.arguments[number] or f"argument {number + 1}"
        which = f" with respect to {name}"
    return which, _factor(trial, guilty if len(guilty) == 1 else rows)


def _factor(trial: Trial, switches: Sequence[int]) -> str:
    """By what factor the derivative is wrong, if it is the same everywhere; or nothing.

    What goes through the operation is what the gradient loses where the path is cut.
    """
    cut, plain = (trial.estimates(trial.switches.set(switches, pair)) for pair in (CUT, PLAIN))
    ruled = trial.estimates(trial.switches.set([], PLAIN))

    def values(estimates: Sequence[Estimate]) -> np.ndarray:
        return np.concatenate([estimate.value for estimate in estimates])

    by_rule, as_written = values(ruled) - values(cut), values(plain) - values(cut)
    bar = sum(np.concatenate([e.error for e in each]) for each in (cut, plain, ruled))
    if not np.all(np.isfinite(by_rule) & np.isfinite(as_written)):
        return ""
    clear = np.abs(as_written) * WIDTH > bar
    if clear.sum() < 2:
        return ""
    factor = float(by_rule @ as_written / (as_written @ as_written))
    if np.any(np.abs(by_rule - factor * as_written) > SAFETY * bar * (1 + abs(factor))):
        return ""
    if abs(factor) < WIDTH:
        return "0"
    return (
        "of the wrong sign"
        if abs(factor + 1) < WIDTH
        else f"{short(factor, 6)} times what it should be"
    )
