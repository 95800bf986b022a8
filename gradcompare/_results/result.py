"""The results of a comparison as data: everything that the reports read."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from .._foundation.errors import InputError
from .._foundation.serialization import Outcome
from .._foundation.wording import listed
from .._model.verdict import Verdict
from .data import ResultData
from .summary import summarise


@dataclass(frozen=True, eq=False)
class Result(ResultData, Outcome):
    """The result for one objective at one size; `str` gives it in sentences.

    Attributes:
        file: The source file of the derivative under test, or of the objective where there is
            none; empty if it has no source, as a formula.
        line: The first line of that function; 0 if unknown.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> (result,) = gradcompare.check(lambda x: jnp.sum(x**2), lambda x: x, [1.0, 2.0])
        >>> result.verdict.name, result.d, [point.label for point in result.points]
        ('ANALYTIC_WRONG', 2, ['x0', 'near x0', 'far from x0'])
        >>> [result.name(i) for i in result.worst.judgement.faulty]
        ['x[1]', 'x[0]']
    """

    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        return summarise(self)

    def _repr_html_(self) -> str:
        from .html.page import Row, part

        return part([Row(self)], self)


@dataclass(frozen=True, eq=False)
class Comparison(Outcome):
    """The results of a comparison, with its settings and environment.

    Attributes:
        results: One for each objective and size.
        environment: Versions, device, processor.
        settings: Methods, points, seed and other arguments of the comparison.
        interrupted: Whether a signal ended it before it was finished.
        missing: What an interruption left out, by name.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> comparison = gradcompare.check(lambda x: jnp.sum(x**2), lambda x: 2 * x, [1.0, 2.0])
        >>> comparison.ok, comparison.verdict.name, len(comparison.results)
        (True, 'AGREE', 1)
        >>> again = gradcompare.Comparison.from_json(comparison.to_json())
        >>> str(again) == str(comparison)
        True
        >>> bool(comparison)
        Traceback (most recent call last):
            ...
        TypeError: a Comparison is neither true nor false; ask for its .ok or its .verdict
    """

    _json_option: ClassVar[str] = "--json or "

    results: tuple[Result, ...]
    environment: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    interrupted: bool = False
    missing: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst verdict over the results."""
        verdicts = [result.verdict for result in self.results]
        return max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.NOT_A_CHECK)

    @property
    def ok(self) -> bool:
        """Whether every verdict is the one that its objective declares, and none is missing."""
        there = bool(self.results) and not self.missing
        return there and all(result.ok for result in self.results)

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def __str__(self) -> str:
        parts = [*map(str, self.results), *self._at_points()]
        return "\n\n".join(parts) or str(self.verdict)

    def _repr_html_(self) -> str:
        from .html.page import part, rows_of

        return part(rows_of(self), self)

    def to_html(self) -> str:
        """Returns one page of HTML that needs nothing else: no network and no other file.

        Failures come first. Rows can be sorted and filtered, and open into findings with the
        lines of the source, numbers and pictures.

        Raises:
            GradcompareError: if jinja2 is not installed; the extra `plot` has it.

        Examples:
            >>> import jax.numpy as jnp
            >>> import gradcompare
            >>> comparison = gradcompare.check(lambda x: jnp.sum(x**2), lambda x: x, [1.0, 2.0])
            >>> page = comparison.to_html()
            >>> "ANALYTIC_WRONG" in page, "http://" in page
            (True, False)
        """
        from .html.page import page

        return page(self)

    def table(self, format: Literal["plain", "github", "latex", "csv"] = "plain") -> str:
        """Returns one row for each result: its verdict, its floor, and the pairs of derivatives.

        Args:
            format: `plain` text with what its columns mean, a table of Markdown for `github`,
                a float of `latex` with its caption, or `csv` with all figures.

        Raises:
            UnknownNameError: if there is no such format.

        Examples:
            >>> import jax.numpy as jnp
            >>> import gradcompare
            >>> comparison = gradcompare.check(lambda x: jnp.sum(x**2), lambda x: x, [1.0, 2.0])
            >>> comparison.table("csv").split(",")[:3]
            ['objective', 'size', 'd']
        """
        from .report.formats.tables import as_table

        require_settings(self.settings)
        return as_table(self, format)

    def _at_points(self) -> list[str]:
        """Returns the points of each verdict, where the user gave several; else nothing."""
        labels = self.settings.get("at", [])
        verdicts = {r.verdict: "" for r in sorted(self.results, key=lambda r: -r.verdict.rank)}
        places = {
            verdict: [
                label
                for label, result in zip(labels, self.results, strict=True)
                if result.verdict is verdict
            ]
            for verdict in verdicts
            if labels
        }
        if not places:
            return []
        parts = [f"{v.title} at {listed(list(dict.fromkeys(p)))}" for v, p in places.items()]
        return [f"{len(set(labels))} points: {'; '.join(parts)}"]

    @classmethod
    def _from_format_1(cls, body: dict[str, Any]) -> dict[str, Any]:
        for result in body["results"]:
            sources = result.pop("sources")
            for point in result["points"]:
                point["sources"] = sources
        return body


def require_settings(settings: dict[str, Any]) -> None:
    """Checks that the settings of a comparison say what its table needs.

    Raises:
        InputError: if not, as where a file was written by something else.
    """
    methods, sources = (settings.get(name) or {} for name in ("methods", "sources"))
    tables = isinstance(methods, dict) and isinstance(sources, dict)
    names = [*sources.values()] if tables else [None]
    known = all(isinstance(name, str) and isinstance(methods.get(name), str) for name in names)
    if not known or not methods or not isinstance(settings.get("dtype"), str):
        raise InputError(
            "the comparison lacks the settings methods, sources and dtype, from which its table "
            "is made; run it again"
        )
