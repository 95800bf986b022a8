"""Is this gradient right? Derivatives from three sources, compared with error bars.

The names below are imported on first use (PEP 562), so that `gradcompare --help` does not pay
for importing JAX.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._api.check import check as check
    from ._api.compare import compare as compare
    from ._api.estimate import estimate as estimate
    from ._api.locate import locate as locate
    from ._api.registry import get_objective as get_objective
    from ._api.registry import list_objectives as list_objectives
    from ._api.selftest import selftest as selftest
    from ._api.watch import watch as watch
    from ._foundation.errors import GradcompareError as GradcompareError
    from ._foundation.errors import InputError as InputError
    from ._foundation.errors import UnknownNameError as UnknownNameError
    from ._locate.location import Location as Location
    from ._model.convention import Convention as Convention
    from ._model.estimate import Estimate as Estimate
    from ._model.objective import Objective as Objective
    from ._model.verdict import Verdict as Verdict
    from ._results.result import Comparison as Comparison
    from .methods._base import AbstractMethod as AbstractMethod

_HOMES = {
    "AbstractMethod": "methods._base",
    "Comparison": "_results.result",
    "Convention": "_model.convention",
    "Estimate": "_model.estimate",
    "GradcompareError": "_foundation.errors",
    "InputError": "_foundation.errors",
    "Location": "_locate.location",
    "Objective": "_model.objective",
    "UnknownNameError": "_foundation.errors",
    "Verdict": "_model.verdict",
    "check": "_api.check",
    "compare": "_api.compare",
    "estimate": "_api.estimate",
    "get_objective": "_api.registry",
    "list_objectives": "_api.registry",
    "locate": "_api.locate",
    "selftest": "_api.selftest",
    "watch": "_api.watch",
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
