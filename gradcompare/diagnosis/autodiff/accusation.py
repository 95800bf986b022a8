"""Findings about the suspects that mislead autodiff: argument, factor, remedy."""

from collections.abc import Sequence

import numpy as np

from ..._foundation.layout import indices
from ..._foundation.user_code import library_of
from ..._foundation.wording import listed, short
from ..._model.estimate import SAFETY, Estimate
from ..._model.finding import Finding
from .suspects import CUT, PLAIN, STOPS, Suspect
from .trial import Trial

FACTOR_WIDTH = 1e-6
"""Largest relative uncertainty of a factor that is reported."""

CORRECT = "correct the rule; without it, the derivative is not finite at some point"
"""What to do about a rule that guards as well."""


def accuse(trial: Trial, accused: Sequence[Suspect]) -> tuple[Finding, ...]:
    """Returns one finding for each suspect to blame; the last one contains the proof."""
    left = trial.undone(accused)
    layout = trial.rows[0].evaluator.problem.layout
    mended = indices(np.any(trial.before & ~left, axis=0))
    still = [layout.name(int(i)) for i in np.flatnonzero(np.any(left, axis=0))]
    but = f", except for {listed(still)}" if still else ""
    proof = f"; without {_all_of(accused)}, autodiff agrees with finite differences{but}"
    share = float(left.sum() / trial.before.sum())
    findings = []
    for suspect in accused:
        which, factor = _details(trial, suspect) if len(accused) == 1 else ("", "")
        sentence, advice = _finding_text(trial, suspect, which, factor)
        sentence += proof if suspect is accused[-1] else ""
        file, line = (suspect.place.file, suspect.place.line) if suspect.place else ("", 0)
        findings.append(
            Finding(
                suspect.kind, sentence, share, advice, mended, file, line, precise=bool(factor)
            )
        )
    return tuple(findings)


def _all_of(accused: Sequence[Suspect]) -> str:
    if len(accused) > 1:
        return "both" if len(accused) == 2 else "all of them"
    return {"custom rule": "the rule", STOPS: "it"}.get(accused[0].kind, "the rounding")


def _finding_text(trial: Trial, suspect: Suspect, which: str, factor: str) -> tuple[str, str]:
    """Returns what autodiff does at this operation, and what to do about it.

    Args:
        trial: The trial.
        suspect: The operation.
        which: The argument for which its rule is wrong, if that is known.
        factor: By which factor, likewise.
    """
    at = "" if suspect.place is None else f" at {suspect.place}"
    if suspect.kind == STOPS:
        what = f"what is in the {STOPS}{at}"
        if suspect.place is not None and suspect.place.text:
            what = str(suspect.place) if suspect.own else f"a part of {suspect.place}"
        return (
            f"autodiff treats {what} as a constant, but it depends on the parameters",
            "remove the stop_gradient, or pass its content as a further argument",
        )
    if suspect.kind == "rounding":
        return (
            f"autodiff takes the derivative of {suspect.name}{at} to be 0, as for a staircase",
            "differentiate the function without it",
        )
    wrong = f"whose derivative{which} is {factor or 'wrong'}"
    wrong = wrong if which or factor else "which does not give its derivative"
    if not suspect.own:
        return (
            f"autodiff follows the library's rule of `{suspect.name}`{at}, {wrong}",
            "move the point, or write out that function",
        )
    where = "" if suspect.place is None else f" ({suspect.place.where})"
    library = _library(trial, suspect)
    if library:
        return (
            f"autodiff follows the rule that {library} has for `{suspect.name}`{where}, {wrong}",
            f"report it to {library}, and write out that function, or use another one",
        )
    rule = f"the rule `{suspect.rule}`" if suspect.rule else "the rule"
    return (
        f"autodiff follows {rule} of `{suspect.name}`{where}, {wrong}",
        "correct the rule, or remove it" if _is_finite_without(trial, suspect) else CORRECT,
    )


def _is_finite_without(trial: Trial, suspect: Suspect) -> bool:
    """Whether autodiff is finite at every point without a rule, which may be a guard too."""
    estimates = trial.estimates(trial.switches.rows(suspect), PLAIN)
    return all(np.all(np.isfinite(estimate.value)) for estimate in estimates)


def _library(trial: Trial, suspect: Suspect) -> str:
    """Returns the installed package whose rule it is, if that is not the objective's own."""
    if suspect.place is None:
        return ""
    value = trial.rows[0].evaluator.problem.objective.value
    home = getattr(getattr(value, "function", value), "__module__", "") or ""
    library = library_of(suspect.place.file)
    return "" if library == home.partition(".")[0] else library


def _details(trial: Trial, suspect: Suspect) -> tuple[str, str]:
    """Returns the argument for which the rule is wrong, and the factor, as far as known."""
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
    """Returns the factor of the derivative in words if it is the same everywhere, or "".

    The part through the operation is what the gradient loses when the path is cut.
    """
    cut, plain = (trial.estimates(switches, pair) for pair in (CUT, PLAIN))
    ruled = trial.estimates([], PLAIN)

    def values(estimates: Sequence[Estimate]) -> np.ndarray:
        return np.concatenate([estimate.value for estimate in estimates])

    # Both less the rest of the gradient. If the rule is c times the derivative, so is its part.
    by_rule, as_written = values(ruled) - values(cut), values(plain) - values(cut)
    bars = [np.concatenate([e.error for e in each]) for each in (cut, plain, ruled)]
    if not np.all(np.isfinite(by_rule)):
        return ""
    told = np.isfinite(as_written)  # not behind a guard, which the rule may be
    by_rule, as_written, bar = by_rule[told], as_written[told], np.sum(bars, axis=0)[told]
    # Smaller entries do not confine c. A single entry would have some factor in any case.
    clear = np.abs(as_written) * FACTOR_WIDTH > bar
    if clear.sum() < 2:
        return ""
    factor = float(by_rule @ as_written / (as_written @ as_written))
    if np.any(np.abs(by_rule - factor * as_written) > SAFETY * bar * (1 + abs(factor))):
        return ""
    if abs(factor) < FACTOR_WIDTH:
        return "0"
    return (
        "of the wrong sign"
        if abs(factor + 1) < FACTOR_WIDTH
        else f"{short(factor, 6)} times what it should be"
    )
