"""A result in sentences: the verdict, what it rests on, and where the derivatives differ."""

from tabulate import tabulate

from .._foundation.wording import LISTED, listed, short, with_bar
from .._model.finding import DIAGNOSED_COORDINATES
from .._model.verdict import Verdict
from .branch import in_words
from .data import PointResult, ResultData

ANY_FUNCTION = (
    "this shows that it is the derivative of the function given, not that this is the function "
    "you mean: give reference=, another way to compute it, to compare the values"
)

RIGHT_FUNCTION = "the values agree with those of the reference"


def summarise(result: ResultData) -> str:
    """Returns what a person reads about one result, the verdict first."""
    if result.message:
        return f"{result.objective}: {Verdict.ERROR.title}: {result.message}"
    point = result.worst
    assert point is not None
    body = [*_where(result, point), *what(result), *_reach(result), *_pairs(result, point)]
    if result.quantity == "directional":
        body += _descent(result, point)
    body += _remarks(result, point)
    said = result.explanation
    lines = [f"{result.objective} (d = {result.d}): {result.verdict.title}: {said.cause}"]
    lines.append(f"  {said.advice}")
    if not result.expected.ok:
        met = "as" if result.ok else "not what"
        lines.append(f"  {met} this trap declares: {result.expected.name}")
    return "\n".join(lines + [f"  {line}" for line in body])


def coordinate_table(
    result: ResultData, point: PointResult, coordinates: tuple[int, ...]
) -> list[str]:
    """Returns the estimates of some coordinates side by side, with their bars, as lines."""
    names = [name for name in result.sources.values() if name in point.estimates]
    rows = []
    for i in coordinates[:LISTED]:
        row = [result.name(i)]
        for name in names:
            estimate = point.estimates[name]
            left, right = (side[i] for side in estimate.one_sided)
            if estimate.kinked[i]:
                bar = estimate.error[i]
                sides = (f"{0.0 if abs(side) < bar else side:.6g}" for side in (left, right))
                row.append(f"{' | '.join(sides)} (left | right)")
            else:
                row.append(with_bar(estimate.value[i], estimate.error[i]))
        rows.append(row)
    lines = tabulate(rows, ["", *names], tablefmt="plain", disable_numparse=True).splitlines()
    if len(coordinates) > LISTED:
        lines.append(f"and {len(coordinates) - LISTED} more")
    return lines


def _where(result: ResultData, point: PointResult) -> list[str]:
    labels = [p.label for p in result.points]
    same = [p.label for p in result.points if p.judgement.verdict is point.judgement.verdict]
    where = f"at {listed(same)}"
    if len(same) < len(labels):
        where += f" of {len(labels)} points"
    faulty = point.judgement.faulty
    if not faulty:
        return [where]
    if len(same) > 1:
        where += f"; at {point.label}"
    entries = result.entries
    count = f"{len(faulty)} of {entries} coordinates" if entries > 1 else "the derivative"
    return [f"{where}, {count}:", *coordinate_table(result, point, faulty)]


def what(result: ResultData) -> list[str]:
    """Says what is wrong, one line for each finding; or that nothing explains it."""
    if result.diagnosis:
        return [f"what: {finding}" for finding in result.diagnosis]
    point = result.worst
    sought = result.quantity == "gradient" and result.d <= DIAGNOSED_COORDINATES
    if result.verdict is not Verdict.ANALYTIC_WRONG or not sought or point is None:
        return []
    traced = "autodiff" in point.votes
    kinds = ["factor", "sign", "order", "penalty", *(["term"] if traced else [])]
    looked = f"{', '.join(kinds[:-1])} or {kinds[-1]}"
    return [f"what: nothing that is looked for explains it, no {looked}; {_again(result, point)}"]


def _again(result: ResultData, point: PointResult) -> str:
    """Which coordinates to derive again."""
    faulty = point.judgement.faulty
    if len(faulty) == result.entries:
        whole = len(result.paths) == 1 or len(result.paths) > LISTED
        return f"re-derive {'every coordinate' if whole else listed(result.paths)}"
    return f"re-derive {listed([result.name(i) for i in faulty])}"


def _reach(result: ResultData) -> list[str]:
    lines = []
    sharpest = result.sharpest
    if result.verdict.ok and sharpest is not None:
        judgement = sharpest.judgement
        relative = (
            f", {short(judgement.relative_floor)} of the largest," if judgement.scale else ""
        )
        where = f" at {sharpest.label}" if len(result.points) > 1 else ""
        lines.append(
            f"an error above {short(judgement.floor)} in any one verified coordinate{where}"
            f"{relative} would have been caught"
        )
    elif result.verdict is Verdict.AGREE and sharpest is None:
        lines.append("no derivative is larger than its error bar, so nothing was verified")
    worst = () if result.worst is None else result.worst.judgement.faulty
    silent = [i for i in result.unverified if i not in worst]
    if silent and sharpest is not None:
        names = [result.name(i) for i in silent[: LISTED + 1]]
        names += [""] * (len(silent) - len(names))
        verified = result.entries - len(result.unverified)
        lines.append(
            f"{verified} of {result.entries} coordinates verified; nowhere larger than its "
            f"error bar, so not verified: {listed(names)}"
        )
    return lines


def _remarks(result: ResultData, point: PointResult) -> list[str]:
    """What is missing, special or doubtful, in the order in which it matters."""
    remarks = [f"{name}: not available: {reason}" for name, reason in point.missing.items()]
    remarks += [point.judgement.note] if point.judgement.note else []
    remarks += [point.taylor] if point.taylor else []
    for name, estimate in point.estimates.items():
        remarks += [f"{name}: {estimate.note}"] if estimate.note else []
    for other in result.points:
        remarks += [f"{other.label}: {warning}" for warning in other.warnings]
        entries = other.judgement.unverified
        if entries and len(entries) == result.entries:
            remarks.append(f"{other.label}: stationary, no derivative exceeds its error bar")
    remarks += branches_tested(result)
    if result.verdict is Verdict.AGREE:
        remarks.append(RIGHT_FUNCTION if result.has_reference else ANY_FUNCTION)
    return [*remarks, *result.notes]


def branches_tested(result: ResultData) -> list[str]:
    """Says which branches were tested, in one sentence, where a derivative is found right.

    Where it is not, only if some were not tested.
    """
    every = all(branch.tested for branch in result.branches)
    if every and not result.verdict.ok:
        return []
    return [in_words(result.branches, result.branches_unseen)]


def _pairs(result: ResultData, point: PointResult) -> list[str]:
    voters = set(result.sources.values())
    return [
        f"{pair.first} – {pair.second}: relative error {short(pair.relative_norm)}, "
        f"error bar {short(pair.bar)}"
        for pair in point.pairs
        if {pair.first, pair.second} <= voters
    ]


def _descent(result: ResultData, point: PointResult) -> list[str]:
    estimate = point.votes.get("differences")
    if estimate is None:
        return []
    slope, bar = estimate.one_sided[1][0], estimate.error[0]
    given = f"f'(x; u) = {slope:.6g} ± {short(bar, 2)}"
    if slope < -bar:
        return [f"{given}: u is a descent direction"]
    if slope > bar:
        return [f"{given}: u is not a descent direction"]
    return [f"{given}: the sign cannot be told, so neither whether u is a descent direction"]
