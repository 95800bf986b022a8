"""Is this gradient right? Derivatives from three sources, compared with error bars.

The names below are imported on first use (PEP 562), so that `gradcompare --help` does not pay
for importing JAX. Type checkers see the imports alone: a module-level `__getattr__` would let
every misspelt name pass. A test holds the table and the imports together.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import plot as plot
    from ._api.bench.api import bench as bench
    from ._api.bench.result import Bench as Bench
    from ._api.check import check as check
    from ._api.compare import compare as compare
    from ._api.estimate import estimate as estimate
    from ._api.identities.descend import descend as descend
    from ._api.identities.integral import integral as integral
    from ._api.identities.remainder import remainder as remainder
    from ._api.identities.symmetry import symmetry as symmetry
    from ._api.locate import locate as locate
    from ._api.numerical.gradient import numerical_gradient as numerical_gradient
    from ._api.registry import get_objective as get_objective
    from ._api.registry import list_objectives as list_objectives
    from ._api.rules.check import check_rule as check_rule
    from ._api.scan.api import scan as scan
    from ._api.scan.result import Scan as Scan
    from ._api.selftest import SelfTest as SelfTest
    from ._api.selftest import selftest as selftest
    from ._api.several.first import check_jacobian as check_jacobian
    from ._api.several.first import check_jvp as check_jvp
    from ._api.several.first import check_vjp as check_vjp
    from ._api.several.second import check_hessian as check_hessian
    from ._api.several.second import check_hvp as check_hvp
    from ._api.watch import watch as watch
    from ._engine.descent.result import Descent as Descent
    from ._engine.identities.integral import LineIntegral as LineIntegral
    from ._engine.identities.remainder import Remainder as Remainder
    from ._engine.identities.symmetry import Symmetry as Symmetry
    from ._evaluation.executables import clear_cache as clear_cache
    from ._foundation.errors import GradcompareError as GradcompareError
    from ._foundation.errors import InputError as InputError
    from ._foundation.errors import UnknownNameError as UnknownNameError
    from ._locate.location import Location as Location
    from ._model.computer_algebra import sympy_objective as sympy_objective
    from ._model.convention import Convention as Convention
    from ._model.estimate import Estimate as Estimate
    from ._model.finding import Finding as Finding
    from ._model.objective import Objective as Objective
    from ._model.verdict import Explanation as Explanation
    from ._model.verdict import Judgement as Judgement
    from ._model.verdict import Verdict as Verdict
    from ._results.data import PointResult as PointResult
    from ._results.result import Comparison as Comparison
    from ._results.result import Result as Result
    from ._results.timing import Timing as Timing
    from .methods._base import AbstractEvaluator as AbstractEvaluator
    from .methods._base import AbstractMethod as AbstractMethod

    __version__: str
else:
    _HOMES = {
        "check": "_api.check",
        "compare": "_api.compare",
        "estimate": "_api.estimate",
        "descend": "_api.identities.descend",
        "integral": "_api.identities.integral",
        "symmetry": "_api.identities.symmetry",
        "remainder": "_api.identities.remainder",
        "locate": "_api.locate",
        "numerical_gradient": "_api.numerical.gradient",
        "get_objective": "_api.registry",
        "list_objectives": "_api.registry",
        "scan": "_api.scan.api",
        "Scan": "_api.scan.result",
        "SelfTest": "_api.selftest",
        "selftest": "_api.selftest",
        "check_hessian": "_api.several.second",
        "check_hvp": "_api.several.second",
        "check_jacobian": "_api.several.first",
        "check_jvp": "_api.several.first",
        "check_rule": "_api.rules.check",
        "clear_cache": "_evaluation.executables",
        "check_vjp": "_api.several.first",
        "watch": "_api.watch",
        "bench": "_api.bench.api",
        "Bench": "_api.bench.result",
        "Descent": "_engine.descent.result",
        "LineIntegral": "_engine.identities.integral",
        "Symmetry": "_engine.identities.symmetry",
        "Remainder": "_engine.identities.remainder",
        "GradcompareError": "_foundation.errors",
        "InputError": "_foundation.errors",
        "UnknownNameError": "_foundation.errors",
        "Location": "_locate.location",
        "sympy_objective": "_model.computer_algebra",
        "Convention": "_model.convention",
        "Estimate": "_model.estimate",
        "Finding": "_model.finding",
        "Objective": "_model.objective",
        "Explanation": "_model.verdict",
        "Judgement": "_model.verdict",
        "Verdict": "_model.verdict",
        "PointResult": "_results.data",
        "Comparison": "_results.result",
        "Result": "_results.result",
        "Timing": "_results.timing",
        "AbstractEvaluator": "methods._base",
        "AbstractMethod": "methods._base",
    }

    __all__ = sorted(_HOMES)

    _PACKAGES = ("plot",)

    def __getattr__(name):
        import importlib

        if name in _HOMES:
            return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
        if name in _PACKAGES:
            return importlib.import_module(f".{name}", __name__)
        if name == "__version__":
            from ._foundation.plugins import installed_version

            return installed_version("gradcompare")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{_closest(name)}")

    def __dir__():
        return sorted({*globals(), *_HOMES, *_PACKAGES, "__version__"})

    def _closest(name):
        import difflib

        close = difflib.get_close_matches(name, [*_HOMES, *_PACKAGES, "__version__"], n=1)
        return f"; did you mean {close[0]!r}?" if close else ""
