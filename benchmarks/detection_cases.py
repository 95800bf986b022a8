"""Judges one fault after another, for `detection.py` to count."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from checkers import Peers
from gradient_faults import Fault, planted
from names import others
from scenes import Scene
from term_faults import TRACED, Terms

from gradcompare._results.result import Result

Place = tuple[str, tuple[int, ...]]


@dataclass(frozen=True)
class Case:
    """One fault in one scene, and the result.

    Attributes:
        objective: The name of the objective; `size` and `dtype` are those of the scene.
        group: The group of faults; `clean` for the right gradient.
        fault: The name of the fault.
        above: Whether it is above ten detection floors.
        verdict: The verdict.
        ok: Whether the gradient passes; for the right one, whether that is expected.
        expected: The kinds that name the fault correctly, the best first.
        found: The kinds of the findings.
        sentence: The findings as text, where they are wrong.
        lines: The file and the lines that hold the fault, if a line is expected.
        line: The file and the line in the report.
        same: Whether a whole check has the same result; None if there was none.
        passed: For each other tool, whether it accepts the gradient.
    """

    objective: str
    size: int
    dtype: str
    group: str
    fault: str
    above: bool
    verdict: str = ""
    ok: bool = False
    expected: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    sentence: str = ""
    lines: Place | None = None
    line: Place | None = None
    same: bool | None = None
    passed: dict[str, bool] | None = None

    @property
    def named(self) -> bool:
        return bool(self.found) and set(self.found) <= set(self.expected)

    @property
    def traced(self) -> bool:
        if self.lines is None or self.line is None:
            return False
        return self.lines[0] == self.line[0] and self.line[1][0] in self.lines[1]


def cases_of(scene: Scene, tools: Iterable[str], whole: int) -> Iterator[Case]:
    """Judges the right gradient of a scene and every fault in it."""
    peers = Peers(scene.objective.value, scene.problems[0], tools)
    clean = _case(scene, Fault("right", (), lambda row: row.g, "clean"), scene.result, True, peers)
    yield replace(
        clean, ok=clean.ok or scene.result.ok
    )  # a trap may have its verdict at some points only
    if not scene.result.verdict.ok:
        return
    every = [(fault, None) for fault in planted(scene)]
    terms = Terms(scene)
    every += [(fault, (file, lines)) for fault, file, lines in terms.faults()]
    plants = [(fault, lines, scene.wrong(fault.change)) for fault, lines in every]
    plants = [plant for plant in plants if _is_fault(scene, plant[2])]
    simple = [(f, _at_points(wrong)) for f, lines, wrong in plants if lines is None]
    for number, (fault, lines, wrong) in enumerate(plants):
        result = scene.judged(wrong)
        case = _case(scene, fault, result, scene.above_floor(wrong), peers)
        kinds = (*fault.kinds, *others(scene, _at_points(wrong), simple, terms.at_points))
        asked = fault.group == "term" and fault.name.split()[0] in TRACED
        case = replace(case, expected=tuple(dict.fromkeys(kinds)), lines=lines if asked else None)
        if whole and (number + scene.d) % whole == 0:
            case = replace(case, same=_alike(result, scene.checked(fault.change)))
        yield replace(case, sentence="") if case.named and (not asked or case.traced) else case


def _at_points(wrong) -> np.ndarray:
    return np.stack([values[0] for values in wrong])


def _is_fault(scene: Scene, wrong) -> bool:
    """Returns whether the gradient differs from the right one and is finite."""
    values = _at_points(wrong)
    return bool(np.all(np.isfinite(values)) and np.any(values != scene.g))


def _case(scene: Scene, fault: Fault, result: Result, above: bool, peers: Peers) -> Case:
    return described(
        Case(scene.objective.name, scene.size, scene.dtype, fault.group, fault.name, above),
        result,
        peers.passed(fault.change(scene.spots[0][0])),
    )


def described(case: Case, result: Result, passed: dict[str, bool]) -> Case:
    """Adds to a case the result of its check, and that of the other tools."""
    findings = result.diagnosis
    places = [(Path(finding.file).name, (finding.line,)) for finding in findings if finding.line]
    note = "" if result.worst is None else result.worst.judgement.note
    return replace(
        case,
        verdict=result.verdict.name,
        ok=result.verdict.ok,
        found=tuple(finding.kind for finding in findings),
        sentence=" | ".join(map(str, findings)) or result.message or note,
        line=places[0] if places else None,
        passed=passed,
    )


def _alike(a: Result, b: Result) -> bool:
    """Returns whether two results have the same verdict, faults and places."""
    findings = [[(f.kind, f.coordinates, f.line) for f in r.diagnosis] for r in (a, b)]
    return a.verdict is b.verdict and findings[0] == findings[1]
