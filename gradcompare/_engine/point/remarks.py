"""Sentences on the functions of an objective: what they share, and what they cost."""

from collections.abc import Sequence

from ..._evaluation.evaluator import Evaluator
from ..._evaluation.function import AbstractFunction
from ..._foundation.wording import listed
from ..._model.arguments.user_functions import ByRule
from ..._model.estimate import EPS
from ...methods._base import AbstractMethod
from .narrow import sentence

CAPTURED = 2**20
"""Bytes in a closure above which a remark is made: 6.4 MB doubled the time of compiling."""

MANY = 2000
"""Number of parameters above which differences on the host are slow, and `locate` is advised."""


def voting_programs(
    evaluator: Evaluator, methods: Sequence[AbstractMethod]
) -> dict[str, AbstractFunction | None]:
    """Returns the program of the voting method of each source."""
    return {m.source: evaluator.functions.get(m) for m in methods if m.votes}


def remarks(
    evaluator: Evaluator, methods: Sequence[AbstractMethod], *, accused: bool = False
) -> tuple[str, ...]:
    """Returns sentences on what the sources share, which weakens their agreement, and on costs.

    Args:
        evaluator: The programs of any point.
        methods: The methods of the comparison.
        accused: Whether the diagnosis already blames a rule for autodiff.
    """
    programs = voting_programs(evaluator, methods)
    analytic, value = programs.get("analytic"), evaluator.functions.get("value")
    sentences = []
    is_rule = isinstance(evaluator.problem.objective.gradient, ByRule)
    if analytic is not None and analytic.differentiates and not is_rule:
        sentences.append(
            "the analytic derivative calls autodiff itself: that the two agree says little, "
            "only finite differences check it"
        )
    if value is not None and value.rules and programs.get("autodiff") is not None and not accused:
        sentences.append(
            f"autodiff follows a rule written by hand, {', '.join(value.rules)}: where the "
            "formula shares it, only finite differences check it"
        )
    sentences += _on_twin(evaluator, runs=programs.get("autodiff") is not None)
    retraction = evaluator.problem.retraction
    sentences += [] if retraction is None else [retraction.sentence]
    narrow = {s: p for s, p in programs.items() if p is not None and p.epsilon > EPS}
    if narrow:
        places = {str(p.narrow) for p in narrow.values() if p.narrow is not None}
        types = listed(sorted(places)) if places else "less than float64 somewhere"
        sentences.append(
            f"{listed(list(narrow))} compute{'s' * (len(narrow) == 1)} in {types}, which widens "
            "the error bars; look for a cast"
        )
    stand_in = sentence(evaluator, methods)
    sentences += [stand_in] if stand_in else []
    captured = 0 if value is None else value.captured_bytes
    if captured > CAPTURED:
        sentences.append(
            f"value captures {captured / 2**20:.1f} MiB of data, which are written into every "
            "program; pass them as arguments, and it compiles faster"
        )
    d = evaluator.problem.layout.size
    if evaluator.cache.opaque and d > MANY and evaluator.problem.quantity == "gradient":
        sentences.append(
            f"d = {d} and value is called on the host, at least {2 * d} times per point: "
            "gradcompare.locate needs a few hundred calls in all, along random directions"
        )
    return tuple(sentences)


def _on_twin(evaluator: Evaluator, *, runs: bool) -> list[str]:
    """Says how autodiff took a function of NumPy, or why it could not.

    Args:
        evaluator: The programs.
        runs: Whether autodiff ran.
    """
    name, reason = f"`{evaluator.problem.objective.name}`", evaluator.cache.no_twin
    if evaluator.cache.twins and runs:
        return [
            f"autodiff of {name} rerun with jax.numpy, which gives the values of {name} at every "
            "point"
        ]
    if runs or not reason:
        return []
    return [f"terms cannot be named, as {name} cannot be rerun with jax.numpy: {reason}"]
