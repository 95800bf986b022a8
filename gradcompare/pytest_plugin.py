"""A plugin of pytest: objectives as tests, one for each derivative.

    pytest -p gradcompare.pytest_plugin --gradcompare my_objectives.py

Instead of the option, the settings of pytest can have a line `gradcompare = ["my_objectives.py"]`.
The tests are called `name::analytic`, for the hand-written derivative, and `name::reverse`, for
autodiff. Both use one comparison. An objective with a Hessian-vector product by hand has a third
one, `name::hvp`. JAX is imported only if objectives are named.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ._model.objective import Objective
    from ._results.result import Comparison, Result

DERIVATIVES = {"analytic": "analytic", "reverse": "autodiff"}
"""Names of the tests of an objective, with the source that each of them checks."""

OPTION = "gradcompare"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option, and the setting of the same name."""
    description = (
        "objectives to compare: path/to/file.py or package.module, then :NAME for one of them"
    )
    parser.getgroup(OPTION).addoption(
        f"--{OPTION}",
        action="append",
        default=[],
        metavar="NAME",
        help=f"{description}; or a registered name; may be repeated",
    )
    parser.addini(OPTION, type="args", default=[], help=f"{description}; or registered names")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Appends the tests of the objectives named, before any are selected."""
    if _named(config):
        collector = Objectives.from_parent(session, name=OPTION, nodeid=OPTION)
        items.extend(session.genitems(collector))


def _named(config: pytest.Config) -> list[str]:
    """The names of the objectives; paths in the settings start from the root of the project."""
    settings = [
        str(config.rootpath / name) if (config.rootpath / name.split(":")[0]).is_file() else name
        for name in config.getini(OPTION) or []
    ]
    return [*settings, *(config.getoption(OPTION) or [])]


class Objectives(pytest.Collector):
    """All objectives named in the option or the settings."""

    def collect(self) -> Iterator[pytest.Collector]:
        """Yields a node for each objective.

        Raises:
            CollectError: if a name does not stand for one.
        """
        from ._api.registry import find_objectives, unique
        from ._foundation.errors import InputError

        try:
            objectives = unique(o for name in _named(self.config) for o in find_objectives(name))
        except InputError as error:
            raise self.CollectError(f"gradcompare: {error}") from None
        for objective in objectives:
            yield ObjectiveNode.from_parent(self, name=objective.name, objective=objective)


class ObjectiveNode(pytest.Collector):
    """One objective; its tests share one comparison."""

    def __init__(self, *, objective: Objective, **kwargs):
        super().__init__(nodeid=objective.name, **kwargs)
        self.objective = objective

    def collect(self) -> Iterator[pytest.Item]:
        """Yields a test for each derivative."""
        by_hand = self.objective.gradient or self.objective.directional
        for name in DERIVATIVES if by_hand else ["reverse"]:
            yield Derivative.from_parent(self, name=name)
        if self.objective.hvp is not None and self.objective.expected.ok:
            yield Product.from_parent(self, name="hvp")

    @cached_property
    def comparison(self) -> Comparison:
        """The comparison of all sources, without timing."""
        from ._api.compare import compare
        from .methods._registry import voting_methods

        return compare([self.objective], voting_methods(), timing=False)


class Derivative(pytest.Item):
    """One derivative of one objective, against finite differences with error bars."""

    def runtest(self) -> None:
        """Fails with a short report unless the derivative was verified."""
        from ._results.report.brief import brief

        assert isinstance(self.parent, ObjectiveNode)
        comparison = self.parent.comparison
        result, alone = comparison.results[0], self._alone(comparison.results[0])
        if result.ok and alone.ok and not result.as_declared:
            self._skip_unless_there(result)
        elif not (result.as_declared or alone.ok):
            from dataclasses import replace

            report = brief(replace(comparison, results=(alone,)))
            raise pytest.fail.Exception(report, pytrace=False)

    def _alone(self, result: Result) -> Result:
        """The result for this derivative alone; a trap declares one verdict for all."""
        from ._results.judgement.single_source import against_judge

        assert isinstance(self.parent, ObjectiveNode)
        objective = self.parent.objective
        if not objective.expected.ok:
            return result
        bound = objective.convention.intent == "upper_bound"
        source, accuracy = DERIVATIVES[self.name], objective.accuracy
        return against_judge(result, source, bound=bound, accuracy=accuracy)

    def _skip_unless_there(self, result: Result) -> None:
        """Skips the test of a derivative that is not available, if the others agree."""
        missing = [p.missing[self.name] for p in result.points if self.name in p.missing]
        if missing:
            raise pytest.skip.Exception(f"{self.name}: not available: {missing[0]}")

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Returns the place of the objective, and the name of the test."""
        assert isinstance(self.parent, ObjectiveNode)
        objective = self.parent.objective
        title = f"{objective.name}::{self.name}"
        code = getattr(objective.value, "__code__", None)
        if code is None:
            return self.path, None, title
        return Path(code.co_filename), code.co_firstlineno - 1, title


class Product(Derivative):
    """The Hessian-vector product of one objective, against the other sources."""

    def runtest(self) -> None:
        """Fails with a short report unless the product was verified."""
        from ._api.compare import compare
        from ._results.report.brief import brief
        from .methods._registry import voting_methods

        assert isinstance(self.parent, ObjectiveNode)
        objective = self.parent.objective
        comparison = compare([objective], voting_methods(), quantity="hvp", timing=False)
        if not comparison.ok:
            raise pytest.fail.Exception(brief(comparison), pytrace=False)
