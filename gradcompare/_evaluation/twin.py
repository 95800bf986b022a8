"""The twin of a function of NumPy: the same function, rerun with jax.numpy.

JAX cannot trace a function that calls NumPy. Its twin is a copy of it that calls jax.numpy
instead, and that autodiff can follow. It stands for the function in autodiff and in the diagnosis
alone: the value and its differences are those of the function itself. It counts as long as it
gives the values of the function, within their error bars, at every point that is examined.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from .._foundation.errors import GradcompareError, outcome_of
from .._foundation.frames import LimitError, at_most
from .._foundation.user_code import describe, writes_item
from .._introspection.jaxprs import equations
from .._introspection.twin.arrays import HostArray
from .._introspection.twin.rebinding import rerun
from .._model.estimate import SAFETY
from .checks import value_with_bar, with_place
from .evaluator import Evaluator
from .monte_carlo.spread import estimate_with_random_rounding
from .rounding import estimate_with_rounding

FUNCTIONS = ("value", "residuals")
"""The functions of an objective that autodiff differentiates."""

MOST_OPERATIONS = 2000
"""Largest number of operations of a twin: a loop of Python is written out, round after round."""

ACCEPTED = "an accuracy is given, and autodiff follows the errors that it accepts"
"""The reason where f stops at a tolerance: its pieces have other slopes than its trend."""

MOST_CALLS = 1_000_000
"""Largest number of calls while a twin is traced: about two seconds."""


@dataclass(frozen=True, eq=False)
class JaxTwin:
    """A function of parameters and data, rerun with jax.numpy.

    A new copy of the function is made for each trace, so that nothing is kept from one to another.

    Attributes:
        function: The function of NumPy.
        fixed: The leaves of the arguments that are constants of the program, by their numbers.
    """

    function: Callable[..., PyTree]
    fixed: Mapping[int, np.ndarray] = field(default_factory=dict)

    def __call__(self, *args: PyTree) -> PyTree:
        leaves, tree = jax.tree.flatten(args)
        numbers = [self.fixed.get(k, leaf) for k, leaf in enumerate(leaves)]
        return jax.tree.map(jnp.asarray, rerun(self.function)(*tree.unflatten(numbers)))


def with_twin(evaluator: Evaluator) -> Evaluator:
    """Returns the evaluator, with twins of the functions that JAX cannot trace, if there are any.

    Without one, the evaluator knows the reason.
    """
    objective = evaluator.problem.objective
    if not evaluator.cache.opaque:
        return evaluator
    if objective.accuracy is not None:
        evaluator.cache.no_twin = ACCEPTED
        return evaluator
    for name in FUNCTIONS:
        if (function := getattr(objective, name)) is not None:
            twin = _traceable(evaluator, function)
            if isinstance(twin, Exception):
                evaluator.cache.twins.clear()
                evaluator.cache.no_twin = _in_words(twin)
                return evaluator
            evaluator.cache.twins[name] = twin
    return evaluator


def with_valid_twin(evaluator: Evaluator) -> Evaluator:
    """Returns the evaluator with its twins, if their value is that of the function here."""
    evaluator = with_twin(evaluator)
    if evaluator.cache.twins and disagreement(evaluator):
        evaluator.cache.twins.clear()
    return evaluator


def _traceable(evaluator: Evaluator, function: Callable[..., PyTree]) -> JaxTwin | Exception:
    """Returns the twin of a function, or the reason why there is none.

    Where the program depends on the numbers of the data, as on groups or on a mask, these numbers
    become a part of it.
    """
    params, data, _ = evaluator.host_args
    outcome: Exception = ValueError("there is no program")
    for fixed in _choices_of_constants(evaluator):
        twin = JaxTwin(function, fixed)
        traced = outcome_of(lambda twin=twin: _traced(twin, params, data))
        if not isinstance(traced, Exception):
            count = sum(1 for _ in equations(traced.jaxpr))
            if count <= MOST_OPERATIONS:
                return twin
            return GradcompareError(f"its loops make {count} operations")
        outcome = traced
        if isinstance(outcome, LimitError):
            break
    return outcome


def _traced(twin: JaxTwin, params: PyTree, data: PyTree):
    with at_most(MOST_CALLS):
        return jax.make_jaxpr(twin)(params, data)


def _choices_of_constants(evaluator: Evaluator) -> Iterator[Mapping[int, np.ndarray]]:
    """Yields which leaves of the data are constants: none, those of whole numbers, all."""
    yield {}
    params, data, _ = evaluator.host_args
    first = len(jax.tree.leaves(params))
    every = {
        k: HostArray.locked(np.array(leaf))
        for k, leaf in enumerate(jax.tree.leaves(data), start=first)
    }
    whole = {k: leaf for k, leaf in every.items() if leaf.dtype.kind in "iub"}
    if whole:
        yield whole
    if len(every) > len(whole):
        yield every


def disagreement(evaluator: Evaluator) -> str:
    """Returns how the twin differs from the value at the point; empty if it does not."""
    twin = evaluator.traceable.objective.value
    theirs = outcome_of(
        lambda: estimate_with_rounding(evaluator, "twin", lambda p, d, u: twin(p, d))
    )
    if isinstance(theirs, Exception):
        return _in_words(theirs)
    mine = value_with_bar(evaluator)
    difference = float(np.abs(mine.value - theirs.value)[0])
    if difference <= SAFETY * float((mine.error + theirs.error)[0]):
        return ""
    inside = estimate_with_random_rounding(evaluator, "twin")
    if inside is not None and difference <= SAFETY * float((mine.error + inside.error)[0]):
        return ""
    return (
        f"it gives {theirs.value[0]:.10g} at {evaluator.problem.label} instead of "
        f"{mine.value[0]:.10g}"
    )


def _in_words(error: Exception) -> str:
    """Returns why a function cannot be rerun, with the line."""
    words = str(error) if isinstance(error, GradcompareError) else describe(error)
    if writes_item(error):
        words = "an array is written to in place"
    return with_place(words, error)
