"""Is this gradient right? Derivatives from three sources, compared with error bars.

The names below are imported on first use (PEP 562), so that `gradcompare --help` does not pay
for importing JAX.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._check import check as check
    from ._compare import compare as compare
    from ._convention import Convention as Convention
    from ._errors import GradcompareError as GradcompareError
    from ._errors import InputError as InputError
    from ._errors import UnknownNameError as UnknownNameError
    from ._estimate import Estimate as Estimate
    from ._estimation import estimate as estimate
    from ._locate import locate as locate
    from ._location import Location as Location
    from ._method import AbstractMethod as AbstractMethod
    from ._objective import Objective as Objective
    from ._registry import get_objective as get_objective
    from ._registry import list_objectives as list_objectives
    from ._result import Comparison as Comparison
    from ._selftest import selftest as selftest
    from ._verdict import Verdict as Verdict
    from ._watch import watch as watch

_HOMES = {
    "AbstractMethod": "_method",
    "Comparison": "_result",
    "Convention": "_convention",
    "Estimate": "_estimate",
    "GradcompareError": "_errors",
    "InputError": "_errors",
    "Location": "_location",
    "Objective": "_objective",
    "UnknownNameError": "_errors",
    "Verdict": "_verdict",
    "check": "_check",
    "compare": "_compare",
    "estimate": "_estimation",
    "get_objective": "_registry",
    "list_objectives": "_registry",
    "locate": "_locate",
    "selftest": "_selftest",
    "watch": "_watch",
}

__all__ = [
    "AbstractMethod",
    "Comparison",
    "Convention",
    "Estimate",
    "GradcompareError",
    "InputError",
    "Location",
    "Objective",
    "UnknownNameError",
    "Verdict",
    "check",
    "compare",
    "estimate",
    "get_objective",
    "list_objectives",
    "locate",
    "selftest",
    "watch",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
