"""What a comparison found, as data: everything that the reports read."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .._foundation.serialization import Outcome
from .._model.verdict import Verdict
from .data import ResultData
from .summary import summarise


@dataclass(frozen=True, eq=False)
class Result(ResultData, Outcome):
    """What was found about one objective at one size; `str` gives it in sentences."""

    def __str__(self) -> str:
        return summarise(self)


@dataclass(frozen=True, eq=False)
class Comparison(Outcome):
    """The results of a comparison, and the circumstances under which it was made.

    Attributes:
        results: One for each objective and size.
        environment: Versions, device, processor.
        settings: What the comparison was asked to do.
    """

    json_option: ClassVar[str] = "--json or "

    results: tuple[Result, ...]
    environment: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict over the results."""
        verdicts = [result.verdict for result in self.results]
        return max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.NOT_A_CHECK)

    @property
    def ok(self) -> bool:
        """Whether every verdict is what its objective declares, and there is one at all."""
        return bool(self.results) and all(result.ok for result in self.results)

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def __str__(self) -> str:
        return "\n\n".join(str(result) for result in self.results) or str(self.verdict)
