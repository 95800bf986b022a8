"""A comparison as one page of HTML, and results as a part of a notebook's."""

import base64
import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..._foundation.hypertext.links import chapter
from ..._foundation.hypertext.templates import is_available, preformatted, render
from ..._foundation.wording import short
from ..._model.verdict import Verdict
from ..remarks import remarks
from ..summary import declaration, diagnosis_lines, drawn_alone, where
from ..timing import Timing, median_of
from .charts import Chart, charts
from .quotes import Quote, quote
from .tables import Table, tables

if TYPE_CHECKING:
    from ..result import Comparison, Result

FOLDER = Path(__file__).parent
SHOWN = ("platform", "processor", "device_kind", "python", "jax", "numpy", "gradcompare")
"""The circumstances at the foot of the page."""


@dataclass(frozen=True)
class Row:
    """One result, as the template shows it.

    Attributes:
        result: The result.
        number: Its place in the comparison, from 0.
        at: The point of the user's, if there are several.
    """

    result: "Result"
    number: int = 0
    at: str = ""

    @property
    def state(self) -> str:
        """Whether it fails, or has the bad verdict that it declares, or is good."""
        if not self.result.ok:
            return "fails"
        return "declared" if self.result.as_declared else "good"

    @property
    def rank(self) -> tuple[int, int, int]:
        """Failures come first, the worst of them before the others; then the order as it is."""
        verdict = self.result.verdict
        return ("fails", "declared", "good").index(self.state), -verdict.rank, self.number

    @cached_property
    def verdict(self) -> Verdict:
        """The verdict."""
        return self.result.verdict

    @property
    def chapter(self) -> str:
        """The address of its chapter."""
        return chapter(self.verdict.code, self.verdict.name)

    @property
    def floor(self) -> float | None:
        """The smallest error that would have been detected, if the derivative is right."""
        sharpest = self.result.sharpest
        return sharpest.judgement.relative_floor if self.verdict.ok and sharpest else None

    @property
    def error(self) -> float | None:
        """The largest distance of two sources, in the 2-norm."""
        point, voters = self.result.worst, set(self.result.sources.values())
        pairs = [] if point is None or self.result.message else point.pairs
        errors = [p.relative_norm for p in pairs if {p.first, p.second} <= voters]
        return max((e for e in errors if not math.isnan(e)), default=None)

    @property
    def timing(self) -> Timing | None:
        """The time of the derivative under test, or of the first method that was timed."""
        times = {name: t for name, t in self.result.timings.items() if name != "value"}
        return times.get(self.result.sources.get("analytic", ""), next(iter(times.values()), None))

    @property
    def cells(self) -> dict[str, str]:
        """The numbers of the row, by the names of their columns."""
        return {
            "floor": short(self.floor, 2),
            "error": short(self.error, 2),
            "time": median_of(self.timing),
        }

    @property
    def sentences(self) -> list[str]:
        """The advice, what a trap declares, and where the derivatives differ."""
        result, point = self.result, self.result.worst
        if result.message or point is None:
            return [result.message]
        advice = [] if self.verdict is Verdict.AGREE else [result.explanation.advice]
        places = where(result, point).removesuffix(":")
        return [*advice, *declaration(result), *drawn_alone(result), places]

    @property
    def findings(self) -> list[tuple[str, Quote | None]]:
        """The sentences of the diagnosis, each with the lines that it points to."""
        found = [(str(f), quote(f.file, f.line)) for f in self.result.diagnosis]
        said = {f"what: {finding}" for finding in self.result.diagnosis}
        rest = [] if self.result.message else diagnosis_lines(self.result)
        return found + [(line.removeprefix("what: "), None) for line in rest if line not in said]

    @property
    def definition(self) -> Quote | None:
        """Where the derivative under test is defined."""
        return quote(self.result.file, self.result.line)

    @property
    def remarks(self) -> list[str]:
        """What is missing, special or doubtful."""
        point = self.result.worst
        return [] if self.result.message or point is None else remarks(self.result, point)

    @property
    def charts(self) -> list[Chart]:
        """The pictures."""
        return charts(self.result)

    @property
    def tables(self) -> list[Table]:
        """The numbers."""
        return tables(self.result)


def page(comparison: "Comparison") -> str:
    """Returns a page that needs nothing else: no network, no other file.

    Raises:
        GradcompareError: if jinja2 is not installed.
    """
    rows = rows_of(comparison)
    script = (FOLDER / "script.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = comparison.environment
    counts = Counter(row.verdict for row in rows)
    return render(
        FOLDER,
        "page.html.jinja",
        rows=rows,
        script=script,
        digest=digest,
        ok=comparison.ok,
        interrupted=comparison.interrupted,
        missing=comparison.missing,
        failures=sum(row.state == "fails" for row in rows),
        counts=sorted(counts.items(), key=lambda item: -item[0].rank),
        settings=comparison.settings,
        environment={name: environment[name] for name in SHOWN if environment.get(name)},
    )


def part(rows: Sequence[Row], report: object) -> str:
    """Returns rows as HTML for a notebook, without scripts; the report as text without jinja2."""
    if not is_available():
        return preformatted(str(report))
    return render(FOLDER, "notebook.html.jinja", rows=rows)


def rows_of(comparison: "Comparison") -> list[Row]:
    """Returns the rows, failures first."""
    labels: Sequence[str] = comparison.settings.get("at", [])
    rows = [
        Row(result, number, labels[number] if number < len(labels) else "")
        for number, result in enumerate(comparison)
    ]
    return sorted(rows, key=lambda row: row.rank)
