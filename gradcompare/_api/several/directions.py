"""The product of a Hessian with a vector where there are too many entries to look at each."""

from dataclasses import dataclass, replace
from functools import cached_property

from ..._engine.limits.directions import FAULTY, floor, wrong_entries
from ..._engine.run import estimate_one
from ..._engine.settings import make_settings
from ..._foundation.errors import outcome_of
from ..._foundation.layout import Layout, PyTree
from ..._model.arguments.directions import RANDOM, OnDirections
from ..._model.arguments.several import random_direction
from ..._model.arguments.signature import Signature
from ..._model.arguments.validation import as_point
from ..._model.objective import Objective, Quantity
from ..._model.problem import Problem
from ..._results.result import Comparison, Result
from .quantity import Options, run_quantity

MOST_ROWS = 5000
"""Largest number of parameters up to which each entry of a product is compared by itself.

Second differences for every row cost d times some dozens of values: 1.6 s of CPU time at d = 1000
and 28 s at d = 10⁴ for a function that reads its parameters once.
"""


@dataclass(frozen=True)
class _Plain:
    """What is compared along directions, as it is: in every entry.

    Attributes:
        objective: The objective.
        signature: The division of the arguments.
        options: The options of the check.
        direction: The direction of the product; random for None.
    """

    objective: Objective
    signature: Signature
    options: Options
    direction: PyTree | None

    @cached_property
    def layout(self) -> Layout:
        """The layout of the parameters."""
        return Layout.of(self.signature.params)

    def at(self, there: Signature, label: str, quantity: Quantity = "hvp") -> Problem:
        """Returns the problem at a point."""
        u = None if quantity == "gradient" else as_point(self.direction)
        if u is None and quantity != "gradient":
            seed = self.options.get("seed", 0)
            u = self.layout.unflatten(random_direction(self.layout, seed))
        return Problem.at(self.objective, there.params, there.data, label, u, quantity)

    def wrong_entries(self, quantity: Quantity) -> str:
        """Returns a sentence on the entries that differ from autodiff; empty if none does."""
        device = self.options.get("device")
        methods = ("analytic", "reverse")
        settings = make_settings(methods, quantity=quantity, device=device, timing=False)
        problem = self.at(self.signature, "x0", quantity)
        mine, other = (estimate_one(problem, method, settings) for method in settings.methods)
        return wrong_entries(mine, other, problem)


def run_along_directions(
    objective: Objective, signature: Signature, options: Options, direction: PyTree | None
) -> Comparison:
    """Checks the product of a Hessian with a vector along that and random directions."""
    plain = _Plain(objective, signature, options, direction)
    lifted = OnDirections(objective, plain.layout, options.get("seed", 0))

    def at(there: Signature, label: str, quantity: Quantity) -> Problem:
        return lifted.at(plain.at(there, label), quantity)

    comparison = run_quantity(lifted.objective, "hvp", signature, options, at=at)
    results = tuple(_in_words(result, plain) for result in comparison)
    return replace(comparison, results=results)


def _in_words(result: Result, plain: _Plain) -> Result:
    """Returns the result with the size of the parameters, and what directions say of entries."""
    what = "the gradient" if result.quantity == "gradient" else "the product"
    names = ", ".join(f"u{k}" for k in range(1, RANDOM + 1))
    notes = [
        f"{what} has {plain.layout.size} entries, and is compared along {RANDOM} random "
        f"directions {names} and along v: {floor(result, RANDOM)}"
    ]
    if result.verdict in FAULTY:
        wrong = outcome_of(lambda: plain.wrong_entries(result.quantity))
        notes += [wrong] if isinstance(wrong, str) and wrong else []
    return replace(result, d=plain.layout.size, notes=(*result.notes, *notes))
