"""A comparison as a LaTeX table for a paper: booktabs rules, columns of siunitx, ASCII alone."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...._foundation.wording import listed, short
from ...._model.verdict import Verdict
from ...pairs import PairError
from .latex_text import escaped
from .records import largest_error, shown_floor

if TYPE_CHECKING:
    from ...result import Comparison, Result

ONE_PAGE = 40
"""Most rows of a table that floats; a longer one is divided among pages."""

PAIRS = (("analytic", "autodiff"), ("analytic", "differences"), ("autodiff", "differences"))
"""The pairs of sources; two of them are shown, as the third says nothing that they do not."""

SHOWN = 2

NAMES = {
    "analytic": "the formula derived by hand",
    "autodiff": "automatic differentiation",
    "differences": "extrapolated finite differences",
    "other": "a second derivative of the user's",
}
"""What the sources are, in a caption."""


@dataclass(frozen=True)
class Numbers:
    """A column of numbers.

    Attributes:
        head: The head of the column.
        numbers: The numbers; None for an empty cell.
        digits: The number of significant digits.
        power: Whether they are written with a power of ten.
    """

    head: str
    numbers: Sequence[float | None]
    digits: int = 1
    power: bool = True

    @property
    def format(self) -> str:
        """The column type of siunitx that has room for every number."""
        parts = [cell.lstrip("-").partition("e") for cell in self.cells if cell[0] != "{"]
        whole = max((len(p[0].partition(".")[0]) for p in parts), default=1)
        decimals = max((len(p[0].partition(".")[2]) for p in parts), default=0)
        exponents = [p[2] for p in parts if p[2]]
        text = f"{whole}.{decimals}" if decimals else f"{whole}"
        if exponents:
            sign = "-" if any(e.startswith("-") for e in exponents) else ""
            text += f"e{sign}{max(len(e.lstrip('-')) for e in exponents)}"
        return f"S[table-format={text}]"

    @property
    def cells(self) -> list[str]:
        """The cells; those that are no numbers in braces, as siunitx wants them."""
        return [self._cell(number) for number in self.numbers]

    def _cell(self, number: float | None) -> str:
        if number is None:
            return "{--}"
        if not math.isfinite(number):
            return "{NaN}" if math.isnan(number) else r"{$\infty$}"
        if not self.power:
            return short(number, self.digits)
        mantissa, exponent = f"{number:.{self.digits - 1}e}".split("e")
        return f"{mantissa}e{int(exponent)}" if number else "0"


def latex(comparison: "Comparison", *, beside: tuple[str, ...] = ()) -> str:
    """Returns a table of booktabs and siunitx, whose caption says what was checked.

    Args:
        comparison: The comparison.
        beside: Names of methods without a vote whose error is shown too.
    """
    results = list(comparison)
    verdicts = [_verdict(result) for result in results]
    pairs = _pair_columns(comparison)
    columns = [*_floors(results), *(c for _, both in pairs for c in both)]
    columns += [*_beside(comparison, beside), *_times(comparison)]
    kinds = f"l r l {' '.join(column.format for column in columns)}"
    cells = [column.cells for column in columns]
    rows = [
        " & ".join([escaped(r.objective), str(r.d or "{--}"), verdicts[i], *(c[i] for c in cells)])
        for i, r in enumerate(results)
    ]
    head = _heads(columns, [symbols for symbols, _ in pairs], len(_floors(results)))
    body = [r"\toprule", *head, r"\midrule"]
    caption = rf"\caption{{{_caption(comparison)}}}"
    lines = [rf"{row} \\" for row in rows]
    if len(rows) > ONE_PAGE:
        packages = "booktabs, longtable, siunitx"
        table = [r"\setlength{\LTcapwidth}{\textwidth}", rf"\begin{{longtable}}{{{kinds}}}"]
        table += [rf"{caption} \\", *body, r"\endfirsthead", *body, r"\endhead"]
        table += [r"\bottomrule", r"\endlastfoot", *lines, r"\end{longtable}"]
    else:
        packages = "booktabs, siunitx"
        table = [r"\begin{table}", r"\centering", caption, rf"\begin{{tabular}}{{{kinds}}}"]
        table += [*body, *lines, r"\bottomrule", r"\end{tabular}", r"\end{table}"]
    return "\n".join([rf"% \usepackage{{{packages}}}", *table])


def _heads(columns: Sequence[Numbers], pairs: Sequence[str], before: int) -> list[str]:
    """The head: the pairs of methods above, and error and bar of each below."""
    below = " & ".join(
        ["objective", "{$d$}", "verdict", *(f"{{{column.head}}}" for column in columns)]
    )
    if not pairs:
        return [rf"{below} \\"]
    first = 4 + before
    above = "".join(rf" & \multicolumn{{2}}{{c}}{{{symbols}}}" for symbols in pairs)
    rules = " ".join(
        rf"\cmidrule(lr){{{first + 2 * i}-{first + 2 * i + 1}}}" for i in range(len(pairs))
    )
    return [rf"{' &' * (first - 2)}{above} \\", rules, rf"{below} \\"]


def _floors(results: "Sequence[Result]") -> list[Numbers]:
    columns = [
        Numbers("floor", [shown_floor(result) for result in results], 2),
        Numbers("error found", [largest_error(result) for result in results], 2),
    ]
    return [column for column in columns if any(n is not None for n in column.numbers)]


def _pair_columns(comparison: "Comparison") -> list[tuple[str, list[Numbers]]]:
    """The relative error and the bar of each pair of sources, with the letters of the two."""
    voters, symbols = comparison.settings["sources"], comparison.settings["methods"]
    columns = []
    for a, b in PAIRS:
        if a in voters and b in voters and len(columns) < SHOWN:
            pairs = [_pair(result, voters[a], voters[b]) for result in comparison]
            errors = [None if pair is None else pair.relative_norm for pair in pairs]
            bars = [None if pair is None else pair.bar for pair in pairs]
            letters = f"{symbols[voters[a]]}--{symbols[voters[b]]}"
            columns.append((letters, [Numbers("error", errors), Numbers("bar", bars)]))
    return columns


def _pair(result: "Result", first: str, second: str) -> PairError | None:
    return None if result.worst is None else result.worst.pair(first, second)


def _beside(comparison: "Comparison", names: tuple[str, ...]) -> list[Numbers]:
    """The error of each method without a vote, against the first source available."""
    columns = []
    for name in names:
        numbers = []
        for result in comparison:
            voters = result.sources.values()
            pairs = [_pair(result, *p) for v in voters for p in ((name, v), (v, name))]
            numbers.append(next((p.relative_norm for p in pairs if p is not None), None))
        columns.append(Numbers(f"{comparison.settings['methods'][name]} error", numbers, 2))
    return columns


def _times(comparison: "Comparison") -> list[Numbers]:
    results, symbols = list(comparison), comparison.settings["methods"]
    if not any(result.timings for result in results):
        return []
    values = [result.timings.get("value") for result in results]
    times = [None if t is None else t.median_seconds * 1e6 for t in values]
    ratios = [
        Numbers(rf"$\times${symbol}", [r.cost_ratio(name) for r in results], 2, False)
        for name, symbol in symbols.items()
    ]
    return [Numbers(r"value / \si{\micro\second}", times, 2, False), *ratios]


def _verdict(result: "Result") -> str:
    name = escaped(result.verdict.name)
    return f"({name})" if result.as_declared else name


def _caption(comparison: "Comparison") -> str:
    """What was checked, against what, to how many digits, and with which versions."""
    settings, environment = comparison.settings, comparison.environment
    sources, results = settings["sources"], list(comparison)
    used = [f"{NAMES[s]} ({settings['methods'][m]})" for s, m in sources.items() if s in NAMES]
    points = max((len(result.points) for result in results), default=0)
    what = {"gradient": "Gradients", "directional": "Directional derivatives"}
    kind = what.get(settings.get("quantity", ""), f"Derivatives ({settings.get('quantity')})")
    noun = "objective" if len(results) == 1 else "objectives"
    sentences = [
        f"{kind} of {len(results)} {noun}, compared at up to {points} points each: "
        f"{listed(used)}.",
        f"{_counted(results)}.",
        *_digits(results),
        "Error: relative, in the 2-norm, at the worst point; bar: its error bar; floor: the "
        "smallest error in a single coordinate that would have been detected, relative to the "
        "largest entry.",
        f"gradcompare {environment.get('gradcompare')}, JAX {environment.get('jax')}, float64, "
        f"seed {settings.get('seed')}.",
    ]
    if any(result.as_declared for result in results):
        sentences.insert(2, "In parentheses: a verdict that the objective declares.")
    return escaped(" ".join(sentences))


def _counted(results: "Iterable[Result]") -> str:
    counts = Counter(result.verdict for result in results)
    ordered: list[Verdict] = sorted(counts, key=lambda verdict: verdict.rank)
    return ", ".join(f"{counts[verdict]} {verdict.name}" for verdict in ordered) or "None"


def _digits(results: "Sequence[Result]") -> list[str]:
    """To how many digits the derivatives agree, of those of which it is known."""
    right = [result.agrees_to for result in results if result.verdict is Verdict.AGREE]
    bounds = [bound for bound in right if math.isfinite(bound) and bound > 0]
    digits = math.floor(-math.log10(max(bounds))) if bounds else 0
    if digits < 1:
        return []
    count = "all" if len(bounds) == len(right) else len(bounds)
    return [
        f"Of those that AGREE, {count} agree to {digits} digits of the largest entry or more, "
        "error bars included."
    ]
