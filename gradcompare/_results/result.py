"""What a comparison found, as data: everything that the reports read, and JSON both ways."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .._foundation.errors import InputError
from .._foundation.serialization import make_converter
from .._model.verdict import Verdict
from .data import ResultData
from .summary import summarise

FORMAT = 2
"""The version of the JSON layout: in version 1 a result, and not its points, knew the sources."""


@dataclass(frozen=True, eq=False)
class Result(ResultData):
    """What was found about one objective at one size; `str` gives it in sentences."""

    def __str__(self) -> str:
        return summarise(self)


def _move_sources(body: dict[str, Any]) -> None:
    """Turns version 1 of the JSON layout into version 2."""
    for result in body["results"]:
        sources = result.pop("sources")
        for point in result["points"]:
            point["sources"] = sources


@dataclass(frozen=True, eq=False)
class Comparison:
    """The results of a comparison, and the circumstances under which it was made.

    Attributes:
        results: One for each objective and size.
        environment: Versions, device, processor.
        settings: What the comparison was asked to do.
    """

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

    def __bool__(self) -> bool:
        raise TypeError("a Comparison is neither true nor false; ask for its .ok or its .verdict")

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def __str__(self) -> str:
        return "\n\n".join(str(result) for result in self.results) or str(self.verdict)

    def to_json(self) -> str:
        """Returns the whole comparison as JSON text, numbers in full precision."""
        body = {"format": FORMAT, **make_converter().unstructure(self)}
        return json.dumps(body, allow_nan=False, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Comparison":
        """Reads back what `to_json` wrote.

        Raises:
            InputError: if `text` is not a comparison, or of another format.
        """
        try:
            body = json.loads(text)
            written = body.pop("format")
            if written == 1:
                _move_sources(body)
            elif written != FORMAT:
                raise InputError(
                    f"the file is of format {written}, this version reads {FORMAT}; write it again"
                )
            return make_converter().structure(body, cls)
        except InputError:
            raise
        except (ValueError, LookupError, AttributeError, TypeError) as error:
            raise InputError(
                f"not a comparison written by gradcompare ({error!r}); "
                "give a file made with --json or Comparison.to_json"
            ) from error
