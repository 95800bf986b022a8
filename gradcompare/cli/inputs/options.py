"""The options of `gradcompare check`: formulas, functions or objectives, and their numbers."""

from collections.abc import Mapping
from typing import Any

from ..._foundation.errors import InputError
from ..._model.objective import Objective
from .arguments import CheckArguments
from .formula_arguments import arguments_of_formulas
from .target import arguments_of_target
from .values import NamedValues, places

AS_GIVEN = (
    *("wrt", "scale", "symmetric", "intent", "accuracy"),
    *("points", "seed", "tails", "dtype", "timing"),
)
"""Options that `gradcompare.check` takes as they are."""


def read_options(options: Mapping[str, Any]) -> CheckArguments | tuple[Objective, ...]:
    """Returns the arguments of `check`, or the objectives that FUNCTION names.

    Args:
        options: All options of the command, by name.

    Raises:
        InputError: if options exclude each other, cannot be read, or are missing.
    """
    target, formula, gradient = options["target"], options["formula"], options["gradient"]
    if (target is None) == (formula is None):
        raise InputError(
            "give either FUNCTION, such as model.py:loss, or --value with a formula; "
            "see gradcompare check --help"
        )
    if formula is not None and options["pair"]:
        raise InputError("--pair goes with FUNCTION; give the gradient as --gradient")
    if formula is None and options["formulas"]:
        raise InputError("--gradient goes with --value; name a function after FUNCTION")
    other = options.get("other")  # `descend` has no such option
    if formula is not None and other is not None:
        raise InputError("--other goes with FUNCTION; with --value there is only --gradient")
    if options["pair"] and gradient is not None:
        raise InputError("both GRADIENT and --pair are given; give one of them")
    names = NamedValues.of(
        options["at"],
        options["shapes"],
        options["domains"],
        options["parameters"],
        seed=options["seed"],
        symmetric=options["symmetric"],
    )
    unnamed = places(options["at"])
    if formula is not None:
        return arguments_of_formulas(formula, options["formulas"], unnamed, names)
    by_hand = True if options["pair"] else gradient
    return arguments_of_target(target, by_hand, unnamed, names, other)
