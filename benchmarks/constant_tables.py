"""The results of `constants.py` as the page `docs/constants.md`."""

from collections.abc import Mapping
from typing import Any

HEAD = """# Constants

Every threshold of the judge, of the choice of points and of the diagnosis, with what it trades
and the figures of an experiment at half its value, as it is, and at twice. The page is written by
`python benchmarks/constants.py`, which measures what is new or has another value; the entries
stand in `benchmarks/constants.toml`.

Only figures that change are shown, and how many of the things judged changed at all. The
experiments are small, a few seconds each: they show which way a constant pulls, and not how far it
may be moved. Calibration and detection are measured in full by `benchmarks/calibration.py` and
`benchmarks/detection.py`.
"""


def as_markdown(body: Mapping[str, Any], table: Mapping[str, Any], experiments: Mapping) -> str:
    """The whole page."""
    parts = [HEAD]
    for name, entries in table.items():
        if name != "exceptions":
            parts.append(_section(name, entries, body, experiments[name]))
    parts += [_debts(body), _exceptions(table["exceptions"])]
    return "\n".join(parts)


def _section(name: str, entries: Mapping, body: Mapping, experiment: Any) -> str:
    head = body["experiments"].get(name, {"figures": {}, "marks": 0})
    figures = ", ".join(f"{key}: {_number(value)}" for key, value in head["figures"].items())
    lines = [
        f"## {name}\n\n{experiment.about}\n\nAs it is: {figures}; {head['marks']} "
        f"{experiment.counts}.\n",
        "| constant | value | what it trades | at half, or less | as is | at twice, or more |",
        "|---|---|---|---|---|---|",
    ]
    for constant, entry in entries.items():
        result = body["constants"].get(constant)
        cells = _cells(result, head, experiment.counts) if result else ["not measured"] * 4
        cells = [_place(constant), cells[0], entry["trades"], *cells[1:]]
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def _cells(result: Mapping, head: Mapping, counts: str) -> list[str]:
    """The value, and the figures at half, as is and at twice, of those that change."""
    before, parts = head["figures"], [result["low"], result["high"]]
    keys = [k for k in before if any(part["figures"].get(k) != before[k] for part in parts)]
    shown = [_shown(part, before, counts) for part in parts]
    still = "; ".join(f"{key}: {_number(before[key])}" for key in keys)
    return [_number(result["value"]), shown[0], still or "no figure changes", shown[1]]


def _shown(part: Mapping, before: Mapping, counts: str) -> str:
    figures = [f"{k}: {_number(v)}" for k, v in part["figures"].items() if v != before.get(k)]
    if part["changed"]:
        figures.append(f"{part['changed']} {counts} change")
    return "; ".join([f"**{_number(part['value'])}**", *(figures or ["nothing changes"])])


def is_still(result: Mapping, body: Mapping) -> tuple[bool, bool]:
    """Whether no figure changes, and whether nothing at all does."""
    before = body["experiments"][result["by"]]["figures"]
    figures = all(result[part]["figures"] == before for part in ("low", "high"))
    return figures, figures and not any(result[part]["changed"] for part in ("low", "high"))


def _debts(body: Mapping) -> str:
    """The constants of which the experiment shows nothing."""
    states = {name: is_still(result, body) for name, result in body["constants"].items()}
    still = [name for name, (_, nothing) in states.items() if nothing]
    quiet = [name for name, (figures, nothing) in states.items() if figures and not nothing]
    return (
        "## Debts\n\nNothing at all changes at half the value nor at twice. An experiment that "
        f"shows what they are for is owed for these {len(still)} of {len(body['constants'])}:\n"
        f"{', '.join(map(_place, still))}.\n\nBars or findings change, but no figure, with these "
        f"{len(quiet)}:\n{', '.join(map(_place, quiet))}.\n"
    )


def _exceptions(exceptions: Mapping[str, str]) -> str:
    lines = [f"| {_place(name)} | {reason} |" for name, reason in exceptions.items()]
    head = "## Without an experiment\n\n| constant | why |\n|---|---|\n"
    return head + "\n".join(lines) + "\n"


def _place(constant: str) -> str:
    module, _, name = constant.rpartition(".")
    return f"`{name}` ({module})"


def _number(value: Any) -> str:
    if isinstance(value, list):
        return "(" + ", ".join(map(_number, value)) + ")"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
