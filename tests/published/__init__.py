"""Figures that others published or that follow in closed form, to hold the objectives against.

One file for each family of objectives; each ends with an exported tuple `FIGURES`. What was
computed with another package says which one, and its version; none of them is needed here.
"""

from typing import Any, NamedTuple


class Figure(NamedTuple):
    """A number that is known from elsewhere.

    Attributes:
        objective: The name of the objective.
        number: What it should be: a float for `value`, else a pytree like the parameters.
        source: The paper with its table, the package with its version and call, the formula.
        params: The point.
        data: What else the objective takes.
        digits: How many significant digits were published, or can be trusted.
        function: `value`, `gradient` or `hvp` (then `params` is also the direction).
    """

    objective: str
    number: Any
    source: str
    params: Any
    data: Any
    digits: int = 12
    function: str = "value"
