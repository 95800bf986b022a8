"""The diagnosis: the simplest hypothesis that explains a mismatch, or several in turn."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from .._foundation.errors import optional
from .._foundation.layout import indices
from .._foundation.plugins import public_modules
from .._foundation.wording import short
from .._model.finding import Finding
from .._points.branches.combined import Choices
from .._points.examination import Examination
from . import hypotheses as hypotheses_package
from .evidence.data import Evidence
from .evidence.gather import gather
from .evidence.naming import describe, regime
from .hypotheses._base import AbstractHypothesis

MOST_FAULTS = 3
"""Largest number of faults that are sought."""


@functools.cache
def hypotheses() -> tuple[AbstractHypothesis, ...]:
    """Returns the hypotheses of all modules of the package, the simplest first."""
    modules = public_modules(hypotheses_package)
    unsorted = [hypothesis for module in modules for hypothesis in module.HYPOTHESES]
    return tuple(sorted(unsorted, key=lambda hypothesis: hypothesis.rank))


def gradient_findings(
    points: Sequence[Examination], choices: Choices | None = None
) -> tuple[Finding, ...]:
    """Returns what is wrong with the analytic gradient, as far as it can be explained.

    Args:
        points: Every point that was examined.
        choices: The choices of the objective.
    """

    def explained() -> tuple[Finding, ...]:
        evidence = gather(points, choices)
        return () if evidence is None else diagnose(evidence)

    with np.errstate(all="ignore"):  # norms of derivatives of 1e200 overflow
        return optional("the diagnosis", explained, ())


def diagnose(evidence: Evidence) -> tuple[Finding, ...]:
    """Returns the faults that explain the mismatch, in the order in which they are explained.

    Entries whose mismatch may be rounding alone are left out if the rest then has one reason
    everywhere. If the reason seems to be a region, these entries may show which one.
    """
    evidence = replace(evidence, rivals=len(hypotheses()))
    if not (evidence.slight & evidence.wrong).any():
        return _diagnosed(evidence)
    clear = _diagnosed(evidence.without_slight())
    if not _left(clear) and all(finding.kind != "regime" for finding in clear):
        return clear
    whole = _diagnosed(evidence)
    return whole if _left(whole) <= _left(clear) else clear


def _left(faults: Sequence[Finding]) -> float:
    return faults[-1].residual if faults else 1.0


def _diagnosed(evidence: Evidence) -> tuple[Finding, ...]:
    """Returns the faults, the unexplained rest last.

    If something is left and an entry is wrong at one point and right at another, the wrong
    entries are also examined separately; the result is reported if it explains more.
    """
    faults = tuple(_in_turn(evidence, explaining=True))
    left = _left(faults)
    if left == 0 or not _sometimes(evidence):
        return (*faults, *_rest(evidence, faults))
    part = evidence.where_wrong()
    apart = tuple(_in_turn(part, explaining=True))
    if not apart or _left(apart) >= left:
        return (*faults, *_rest(evidence, faults))
    where = regime(evidence)
    regional = [
        replace(f, kind="regime", sentence=f"{where}: {f.sentence}", correction="") for f in apart
    ]
    return (*regional, *_rest(part, apart))


def _sometimes(evidence: Evidence) -> bool:
    """Whether some coordinate is wrong at one point and right at another."""
    right = evidence.usable & ~evidence.wrong
    right &= np.abs(evidence.reference) > evidence.allowed(
        evidence.reference, evidence.reference_bar
    )
    return bool(np.any(right[:, evidence.open]))


def _in_turn(evidence: Evidence, *, explaining: bool) -> Iterator[Finding]:
    """Yields the simplest finding for what is not explained yet, again and again."""
    whole = evidence.mismatch
    for _ in range(MOST_FAULTS):
        finding = _simplest(evidence, explaining)
        if finding is None:
            return
        evidence = evidence.without(finding.coordinates)
        yield replace(finding, residual=_share(evidence.mismatch, whole))


def _simplest(evidence: Evidence, explaining: bool) -> Finding | None:
    """Returns the first finding that explains everything, or else the first that explains most."""
    faulty = int(evidence.open.sum())
    best: Finding | None = None
    for hypothesis in hypotheses() if faulty else ():
        if hypothesis.explains is not explaining:
            continue
        step = f"the hypothesis {type(hypothesis).__name__}"
        finding = optional(step, functools.partial(hypothesis.explain, evidence), None)
        if finding is None:
            continue
        if len(finding.coordinates) >= faulty:
            return finding
        if best is None or len(finding.coordinates) > len(best.coordinates):
            best = finding
    return best


def _rest(evidence: Evidence, faults: Sequence[Finding]) -> Iterator[Finding]:
    """Yields what the faults leave unexplained; the place of the fault if there are none."""
    whole = evidence.mismatch
    settled = sorted({i for finding in faults for i in finding.coordinates})
    left = evidence.without(settled)
    if not left.open.any():
        return
    if not faults:
        for finding in _in_turn(evidence, explaining=False):
            yield replace(finding, residual=1.0)
            return
        return
    share = _share(left.mismatch, whole)
    state = "also wrong, not analysed further" if len(faults) == MOST_FAULTS else "unexplained"
    yield Finding(
        "unexplained",
        f"{describe(evidence, left.open)}: {state} ({short(100 * share, 2)} % of the mismatch)",
        residual=share,
        coordinates=indices(left.open),
    )


def _share(left: float, whole: float) -> float:
    return left / whole if whole > 0 and np.isfinite(whole) else 0.0
