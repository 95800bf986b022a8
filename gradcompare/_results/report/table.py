"""The table of a comparison: one row for each objective and size."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tabulate import tabulate

from ..._foundation.wording import short
from ..._model.verdict import Verdict
from ..data import PointResult
from ..timing import median_of

if TYPE_CHECKING:
    from ..result import Comparison, Result

FORMATS = {"plain": "simple", "github": "github", "latex": "latex", "html": "html"}
"""Names of the formats of `--format`, with those that tabulate has for them."""

NAME_WIDTH = 20
"""Longest name of an objective in the table."""

PAIRS = (("analytic", "autodiff"), ("analytic", "differences"), ("autodiff", "differences"))


def table(comparison: "Comparison", *, style: str = "plain", beside: tuple[str, ...] = ()) -> str:
    """Returns the comparison as a table.

    Args:
        comparison: The comparison.
        style: One of `FORMATS`.
        beside: Names of methods without a vote whose error is shown too.
    """
    timed = any(result.timings for result in comparison)
    symbols = comparison.settings["methods"]
    voters = comparison.settings["sources"]
    letter = {source: symbols[voters[source]] for source in voters}
    dtype = comparison.settings["dtype"]
    pairs = [(a, b) for a, b in PAIRS if a in letter and b in letter]
    if (beside or dtype != "float64") and len(pairs) == len(PAIRS):
        pairs.pop()  # to fit the screen; the first two say the same
    heads = ["objective", "d", "verdict", "floor"]
    heads += [f"{letter[a]}-{letter[b]}" for a, b in pairs]
    heads += [f"{symbols[name]} error" for name in beside]
    if dtype != "float64":
        heads += [f"{dtype.replace('float', 'f')} digits"]
    if timed:
        heads += ["value"]
    rows = []
    for result in comparison:
        row = [_name(result), result.d or "", _verdict(result), _floor(result)]
        row += [_pair(result, a, b) for a, b in pairs]
        row += [_beside(result, name) for name in beside]
        if dtype != "float64":
            row += [_accuracy(result, voters)]
        if timed:
            row += [median_of(result.timings.get("value"))]
        rows.append(row)
    align = ["left", "right", "left"] + ["right"] * (len(heads) - 3)
    return tabulate(rows, heads, tablefmt=FORMATS[style], colalign=align, disable_numparse=True)


def legend(comparison: "Comparison") -> str:
    """Returns what the letters and columns of the table mean."""
    methods = comparison.settings["methods"]
    named = ", ".join(f"{symbol} {name}" for name, symbol in methods.items())
    timed = any(result.timings for result in comparison)
    lines = [
        f"{named}. Pairs: relative error in the 2-norm ± its error bar.",
        "floor: smallest error in a single coordinate that would have been detected, relative to "
        "the largest entry.",
        "≠x: an error of size x was found.",
    ]
    if any(r.as_declared for r in comparison):
        lines.append(
            "In parentheses: the verdict that a trap declares; (AUTODIFF) means AUTODIFF_WRONG."
        )
    if timed:
        lines.append(
            "value: time of one value; ≤ where it may be that of the call alone. `-v` and "
            "`gradcompare bench` time every method."
        )
    return "\n".join(lines)


def outcome(comparison: "Comparison") -> str:
    """Returns a line that counts the verdicts and says where the figures come from.

    A second one says what an interruption left out.
    """
    declared = [r for r in comparison if r.as_declared]
    counts = _counted(r for r in comparison if not r.as_declared)
    if declared:
        counts += f"{'; ' if counts else ''}as declared by traps: {_counted(declared)}"
    environment, settings = comparison.environment, comparison.settings
    device = f"{environment.get('device_kind')}, {environment.get('processor')}"
    timed = f"timed in {settings['dtype']}, " if any(r.timings for r in comparison) else ""
    line = (
        f"{counts or 'nothing compared'} (jax {environment.get('jax')} on {device}; "
        f"{timed}judged in float64; seed {settings.get('seed')})"
    )
    if comparison.interrupted:
        missing = ", ".join(comparison.missing) or "nothing but times"
        line += f"\nInterrupted; missing: {missing}"
    return line


def _counted(results: Iterable["Result"]) -> str:
    counts = Counter(result.verdict.name for result in results)
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def _name(result: "Result") -> str:
    name = result.objective
    return name if len(name) <= NAME_WIDTH else name[: NAME_WIDTH - 1] + "…"


def _verdict(result: "Result") -> str:
    name = result.verdict.name.removeprefix("VALID_")
    return f"({name.removesuffix('_WRONG')})" if result.as_declared else name


def _floor(result: "Result") -> str:
    point = result.worst
    if point is None or result.message:
        return ""
    if result.verdict.ok:
        sharpest = result.sharpest
        return short(sharpest.judgement.relative_floor, 2) if sharpest else "none"
    voters = set(result.sources.values())
    errors = [p.largest_relative for p in point.pairs if {p.first, p.second} <= voters]
    return (
        f"≠{short(max(errors), 2)}" if errors and result.verdict is not Verdict.NONFINITE else ""
    )


def _pair(result: "Result", a: str, b: str) -> str:
    point = result.worst
    pair = point and point.pair(result.sources.get(a, ""), result.sources.get(b, ""))
    return "" if pair is None else f"{short(pair.relative_norm, 1)}±{short(pair.bar, 1)}"


def _beside(result: "Result", name: str) -> str:
    """The error of a method without a vote, against the first source available."""
    point: PointResult | None = result.worst
    if point is None:
        return ""
    for source in ("autodiff", "analytic", "differences"):
        voter = result.sources.get(source, "")
        pair = point.pair(name, voter) or point.pair(voter, name)
        if pair is not None:
            return short(pair.relative_norm, 2)
    return ""


def _accuracy(result: "Result", voters: dict[str, str]) -> str:
    """The correct digits of the hand-written derivative and of autodiff in that dtype."""
    exact = [voters.get(source, "") for source in ("analytic", "autodiff")]
    accuracies = [result.accuracy.get(method) for method in exact]
    return " ".join(f"{accuracy.digits:.1f}" if accuracy else "-" for accuracy in accuracies)
