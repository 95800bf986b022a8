"""One function of a scan: how it is called, and what is wrong with its derivatives."""

import math

from ..._foundation.errors import outcome_of
from ..._foundation.precision import FLOAT64, precision_scope
from ..._foundation.user_code import describe
from . import arrays, scalars
from .inputs.arguments import calls_of
from .inputs.call import SCALARS, Call
from .inputs.targets import Named
from .result import Entry, Fault

MODERATE = 1e4
"""Largest number, and inverse of the smallest one, where a function hung at others."""


def entry_of(named: Named, seed: int, moderate: bool = False) -> Entry:
    """Returns what a scan says of one function; whatever it raises is a reason."""
    with precision_scope(FLOAT64):
        outcome = outcome_of(lambda: _examined(named, seed, moderate))
    if isinstance(outcome, Exception):
        return Entry(named.name, reason=f"it could not be examined: {describe(outcome)}")
    return outcome


def _examined(named: Named, seed: int, moderate: bool) -> Entry:
    calls = calls_of(named)
    if isinstance(calls, str):
        return Entry(named.name, reason=calls)
    arguments: list[str] = []
    faults: list[Fault] = []
    notes: list[str] = []
    total = confirmed = 0
    for call in calls:
        arguments.append(_described(call))
        if call.family == SCALARS:
            limit = MODERATE if moderate else math.inf
            outcome = outcome_of(lambda c=call, m=limit: scalars.examine(named, c, seed, m))
        else:
            outcome = outcome_of(lambda c=call: arrays.examine(named, c, seed))
        if isinstance(outcome, Exception):
            notes.append(f"{arguments[-1]}: {describe(outcome)}")
            continue
        points, seen, found, remarks = outcome
        total, confirmed = total + points, confirmed + seen
        faults += found
        notes += remarks
    reason = "" if total else "; ".join(notes) or "its value is finite at no point tried"
    return Entry(
        named.name, tuple(arguments), total, confirmed, tuple(faults), reason, tuple(notes)
    )


def _described(call: Call) -> str:
    pairs = zip(call.names, call.kinds, strict=True)
    return ", ".join(f"{name}: {kind}" for name, kind in pairs)
