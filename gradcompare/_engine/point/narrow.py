"""What a narrow type changes in the judgement, beside the types of the programs.

Where the value computes in a type narrower than float64, every traced program of the judgement
computes in float64 instead. Three things remain of the narrow type:

- its range: a source that overflows as written is not finite, whatever float64 gives;
- the rounding of the numbers in the code: 0.1 is 0.1001 in bfloat16. Where one source has such a
  number and the other has not, both are right, and the distance belongs into the bar;
- operations without a meaning in float64: then rounding would decide, and nothing can be told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..._evaluation.compiled import CompiledFunction
from ..._evaluation.evaluator import Evaluator
from ..._evaluation.function import AbstractFunction, flat
from ..._foundation.errors import outcome_of
from ..._foundation.wording import short
from ..._introspection.narrow.types import irrational_literals, rounded_literals
from ..._model.estimate import FIRST_ORDER, Estimate
from ..._model.verdict import DISPUTED, Judgement, Verdict
from ...methods._base import AbstractMethod, fitting_estimate
from ...methods._registry import find_method


def programs_of(
    evaluator: Evaluator, methods: Sequence[AbstractMethod]
) -> dict[str, CompiledFunction]:
    """Returns the compiled programs of the value and of the exact sources that vote."""
    keys = {"value": "value"} | {m.source: m for m in methods if m.votes}
    programs = {name: evaluator.functions.get(key) for name, key in keys.items()}
    return {name: p for name, p in programs.items() if isinstance(p, CompiledFunction)}


def as_written(
    evaluator: Evaluator,
    methods: Sequence[AbstractMethod],
    value: float,
    votes: Mapping[str, Estimate],
) -> tuple[float, dict[str, Estimate]]:
    """Returns the value and the votes, with what remains of a narrow type.

    They are the same where the value computes in float64, or nothing can stand in for its type.
    """
    programs, changed = programs_of(evaluator, methods), dict(votes)
    if "value" not in programs or not programs["value"].widened:
        return value, changed
    own = float(_written(evaluator, programs["value"])[0])
    for source, estimate in votes.items():
        program = programs.get(source)
        if source == "differences":
            continue
        bar = FIRST_ORDER * _spread_of_literals(evaluator, programs, source)
        changed[source] = replace(estimate, error=estimate.error + bar)
        if program is not None and not np.all(np.isfinite(_written(evaluator, program))):
            changed[source] = replace(estimate, value=_written(evaluator, program))
    return value if np.isfinite(own) else own, changed


def estimate_as_written(evaluator: Evaluator, method: AbstractMethod) -> Estimate:
    """Returns the estimate of an exact source alone, with what remains of a narrow type.

    A remark says what float64 stands in for.
    """
    estimate = fitting_estimate(method, evaluator)
    if not evaluator.functions["value"].widened:
        return estimate
    autodiff = find_method("reverse")
    outcome_of(lambda: autodiff.estimate(evaluator))  # its program tells what literals change
    evaluator.cache.remark(sentence(evaluator, (method,)))
    votes = {method.source: estimate}
    return as_written(evaluator, (method, autodiff), 0.0, votes)[1][method.source]


def _written(evaluator: Evaluator, program: AbstractFunction) -> np.ndarray:
    """Returns the result of a program in the types that the user wrote."""
    return flat(program.written.run(*evaluator.args))


def _spread_of_literals(
    evaluator: Evaluator, programs: Mapping[str, CompiledFunction], source: str
) -> np.ndarray | float:
    """Returns how far a source may move with the rounding of numbers that are not the value's.

    If a formula has a number of its own, such as 0.134145 from 3 · 0.044715, or lacks one of the
    value's, then the rounding of the value's numbers moves autodiff away from it.
    """
    value, autodiff = rounded_literals(programs["value"].jaxpr), programs.get("autodiff")
    program, own, lacking = programs.get(source), frozenset(), value
    total = 0.0
    if program is not None:
        mine = rounded_literals(program.jaxpr)
        own = mine - value - irrational_literals(program.jaxpr)
        # A number of its own may replace one of the value's in some places and not in others.
        own, lacking = (mine, value) if own else (own, value - mine)
        total = total + program.spread(own, *evaluator.args)
    if source == "analytic" and autodiff is not None:
        total = total + autodiff.spread(lacking, *evaluator.args)
    return total


def unless_rounding_decides(
    judgement: Judgement, evaluator: Evaluator, methods: Sequence[AbstractMethod]
) -> Judgement:
    """Returns the judgement; inconclusive where it accuses and rounding may be the cause."""
    refusals = [(n, p) for n, p in programs_of(evaluator, methods).items() if p.refusal]
    if not refusals or judgement.verdict not in DISPUTED:
        return judgement
    name, program = refusals[0]
    note = (
        f"{name} computes in {program.narrow}, in which rounding can decide, and float64 cannot "
        f"stand in for it: {program.refusal}"
    )
    return replace(judgement, verdict=Verdict.INCONCLUSIVE, note=note)


def sentence(evaluator: Evaluator, methods: Sequence[AbstractMethod]) -> str:
    """Returns a remark on the type that float64 stands in for; empty if there is none."""
    programs = programs_of(evaluator, methods)
    value = programs.pop("value", None)
    if value is None or not value.widened:
        return ""
    errors = {name: _relative_error(evaluator, p) for name, p in programs.items()}
    distances = " and ".join(f"{short(e, 2)} ({name})" for name, e in errors.items())
    own = f"; as written, the relative error is {distances}" if errors else ""
    return (
        f"float64 stands in for {value.narrow} in the judgement: the derivation is judged, not "
        f"its rounding{own}"
    )


def _relative_error(evaluator: Evaluator, program: CompiledFunction) -> float:
    """Returns the distance of a derivative as written from that in float64, in the 2-norm."""
    right = flat(program.run(*evaluator.args))
    unit = float(np.max(np.abs(right), initial=0.0)) or 1.0
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.linalg.norm((_written(evaluator, program) - right) / unit)
        return float(distance / (np.linalg.norm(right / unit) or 1.0))
