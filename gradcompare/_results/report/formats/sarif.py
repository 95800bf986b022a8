"""A comparison in SARIF 2.1.0, which code hosts show at the lines of the source."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...._foundation.hypertext.links import chapter
from ...._model.finding import Finding
from ...._model.verdict import Verdict
from .junit import labels

if TYPE_CHECKING:
    from ...result import Comparison, Result

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

LEVELS = {"1": "note", "2": "warning"}
"""The level of a code by its first digit; the others are errors."""


def sarif(comparison: "Comparison", root: Path | None = None) -> str:
    """Returns JSON text with one result for each check that failed.

    Its rule is the code of its verdict. Its place is the line of the wrong term if a finding has
    one, else that of the derivative under test.

    Args:
        comparison: The comparison.
        root: The folder that the paths in it are relative to; default: the working directory.
    """
    root = Path.cwd() if root is None else root
    pairs = zip(labels(comparison), comparison, strict=True)
    failures = [(label, result) for label, result in pairs if not result.ok]
    codes = sorted({result.verdict for _, result in failures}, key=lambda verdict: verdict.rank)
    driver = {
        "name": "gradcompare",
        "version": str(comparison.environment.get("gradcompare", "")),
        "rules": [_rule(verdict) for verdict in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"uri": f"{root.resolve().as_uri()}/"}},
        "results": [_result(label, result, codes, root) for label, result in failures],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False)


def _rule(verdict: Verdict) -> dict[str, Any]:
    address = chapter(verdict.code, verdict.name)
    rule = {
        "id": verdict.code,
        "name": verdict.name,
        "shortDescription": {"text": f"{verdict.cause}."},
        "help": {"text": f"{verdict.advice} See {address}."},
        "defaultConfiguration": {"level": _level(verdict)},
    }
    # SARIF takes no relative address here.
    return rule | ({"helpUri": address} if "://" in address else {})


def _level(verdict: Verdict) -> str:
    return LEVELS.get(verdict.code[2], "error")


def _result(label: str, result: "Result", rules: list[Verdict], root: Path) -> dict[str, Any]:
    named = [finding for finding in result.diagnosis if finding.file]
    sentences = [result.message or result.explanation.cause, *map(str, result.diagnosis)]
    kind = {"name": result.objective, "fullyQualifiedName": label, "kind": "function"}
    location: dict[str, Any] = {"logicalLocations": [kind]}
    place = (named[0].file, named[0].line) if named else (result.file, result.line)
    if place[0]:
        location["physicalLocation"] = _place(*place, root)
    entry = {
        "ruleId": result.verdict.code,
        "ruleIndex": rules.index(result.verdict),
        "level": _level(result.verdict),
        "message": {"text": f"{label}: {'. '.join(sentences)}."},
        "locations": [location],
        "partialFingerprints": {"check/v1": f"{result.verdict.code} {label}"},
    }
    related = [_related(number, finding, root) for number, finding in enumerate(named[1:], 1)]
    return entry | ({"relatedLocations": related} if related else {})


def _related(number: int, finding: Finding, root: Path) -> dict[str, Any]:
    place = _place(finding.file, finding.line, root)
    return {"id": number, "physicalLocation": place, "message": {"text": str(finding)}}


def _place(file: str, line: int, root: Path) -> dict[str, Any]:
    path, root = Path(file).absolute(), root.absolute()
    artifact = {"uri": path.as_uri()}
    if root in path.parents:
        relative = quote(path.relative_to(root).as_posix())
        artifact = {"uri": relative, "uriBaseId": "SRCROOT"}
    return {"artifactLocation": artifact, "region": {"startLine": max(line, 1)}}
