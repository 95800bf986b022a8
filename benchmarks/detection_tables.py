"""The cases of `detection.py` as tables."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, fields
from itertools import groupby

from tabulate import tabulate


def tables(cases: Sequence, tools: Sequence[str]) -> str:
    """Returns everything to print, as text."""
    failed = [c for c in cases if c.group == "failed"]
    clean = [c for c in cases if c.group == "clean"]
    faults = [c for c in cases if c.group not in ("failed", "clean")]
    whole = [c for c in faults if c.same is not None]
    parts = [
        _ours(faults),
        _line(faults),
        *([_peers(faults, tools)] if tools else []),
        _clean(clean, tools),
        f"whole checks that say the same: {sum(c.same for c in whole)} of {len(whole)}",
        *(f"failed: {c.objective} {c.size} {c.dtype}: {c.sentence}" for c in failed),
        *(f"not the same: {_title(c)}" for c in whole if not c.same),
        *(f"missed: {_title(c)}: {c.verdict}" for c in faults if c.above and c.ok),
    ]
    return "\n\n".join(parts)


def _ours(faults: Sequence) -> str:
    heads = ("fault", "planted", "above", "missed", "below, found", "named", "share")
    return _table(faults, heads, _figures)


def _figures(cases: Sequence) -> list:
    failed = [c for c in cases if not c.ok]
    named = sum(c.named for c in failed)
    return [
        len(cases),
        sum(c.above for c in cases),
        sum(c.above and c.ok for c in cases),
        sum(not c.above for c in failed),
        f"{named}/{len(failed)}",
        f"{named / len(failed):.1%}" if failed else "",
    ]


def _line(faults: Sequence) -> str:
    """Counts the right source lines; `alone`: terms that no other name describes as well."""
    terms = [c for c in faults if c.lines is not None and not c.ok]
    alone = [c for c in terms if c.expected == ("term",)]
    right = [f"{sum(c.traced for c in part)} of {len(part)}" for part in (terms, alone)]
    return f"source line right: {right[0]} terms; of those with no other name {right[1]}"


def _peers(faults: Sequence, tools: Sequence[str]) -> str:
    above = [c for c in faults if c.above]

    def figures(cases):
        return [len(cases), *(sum(c.passed[t] for c in cases) for t in tools)]

    return "missed by other tools\n" + _table(above, ("fault", "above", *tools), figures)


def _clean(clean: Sequence, tools: Sequence[str]) -> str:
    ours = sum(not c.ok for c in clean)
    rows = [["gradcompare", ours], *([t, sum(not c.passed[t] for c in clean)] for t in tools)]
    rows = [[name, f"{alarms} of {len(clean)}"] for name, alarms in rows]
    accused = [f"false alarm: {_title(c)}: {c.verdict}" for c in clean if not c.ok]
    return "\n".join([tabulate(rows, ("clean", "false alarms")), *accused])


def _table(cases: Iterable, heads: Sequence[str], figures: Callable) -> str:
    groups = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case)
    rows = [[name, *figures(members)] for name, members in groups.items()]
    rows.append(["all", *figures(list(cases))])
    return tabulate(rows, heads, disable_numparse=True, colalign=_align(heads))


def _align(heads: Sequence[str]) -> tuple[str, ...]:
    return ("left",) + ("right",) * (len(heads) - 1)


def _title(case) -> str:
    return f"{case.objective} {case.size} {case.dtype}: {case.fault}"


def misnamed(cases: Sequence) -> str:
    """Lists the detected faults with a wrong name, the worst group first."""
    wrong = [c for c in cases if c.group not in ("failed", "clean") and not c.ok and not _right(c)]
    count = {c.group: sum(w.group == c.group for w in wrong) for c in wrong}
    lines = []
    ordered = sorted(wrong, key=lambda c: (-count[c.group], c.group, c.fault))
    for group, members in groupby(ordered, key=lambda c: c.group):
        lines.append(f"== {group}: {count[group]}")
        for c in members:
            where = f" lines {c.lines[0]}:{list(c.lines[1])} named {c.line}" if c.lines else ""
            lines.append(
                f"{_title(c)}\n    expected {', '.join(c.expected)}; "
                f"found {', '.join(c.found) or 'nothing'} [{c.verdict}]{where}\n    {c.sentence}"
            )
    return "\n".join(lines) + "\n"


def _right(case) -> bool:
    return case.named and (case.lines is None or case.traced)


def as_json(cases: Sequence, versions: dict[str, str]) -> str:
    """Returns JSON with one line per case, its fields in the order of `fields`."""
    rows = [json.dumps(list(asdict(case).values()), ensure_ascii=False) for case in cases]
    head = json.dumps({"versions": versions, "fields": [field.name for field in fields(cases[0])]})
    return head[:-1] + ', "cases": [\n' + ",\n".join(rows) + "\n]}\n"
