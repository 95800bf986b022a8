"""A comparison as a JUnit report, which CI systems show as tests."""

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from ...._foundation.user_code import line_of
from ...._model.verdict import Verdict

if TYPE_CHECKING:
    from ...result import Comparison, Result

UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Signs that XML does not have."""

INTERRUPTED = "not compared, because the run was interrupted"


def junit(comparison: "Comparison") -> str:
    """Returns XML with one test for each result; its failure has the report and the code.

    What an interruption left out is an error.
    """
    results, missing = list(comparison), comparison.missing
    failures = sum(not result.ok and not _is_error(result) for result in results)
    errors = sum(_is_error(result) for result in results) + len(missing)
    tests = len(results) + len(missing)
    counts = {"tests": str(tests), "failures": str(failures), "errors": str(errors)}
    root = ElementTree.Element("testsuites", {"name": "gradcompare", **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": "gradcompare", **counts})
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in comparison.environment.items():
        attributes = {"name": name, "value": _printable(str(value))}
        ElementTree.SubElement(properties, "property", attributes)
    for label, result in zip(labels(comparison), results, strict=True):
        _add(suite, label, result)
    for name in missing:
        attributes = {"classname": "gradcompare", "name": _printable(name)}
        case = ElementTree.SubElement(suite, "testcase", attributes)
        ElementTree.SubElement(case, "error", {"type": "interrupted", "message": INTERRUPTED})
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True).decode()


def labels(comparison: "Comparison") -> list[str]:
    """Returns a name for each result that tells it from the others: with its size or its point."""
    points = comparison.settings.get("at", [])
    names = []
    for number, result in enumerate(comparison):
        size = "" if result.size is None else f"[{result.size}]"
        at = f" at {points[number]}" if number < len(points) else ""
        names.append(f"{result.objective}{size}::{result.quantity}{at}")
    return names


def _add(suite: ElementTree.Element, label: str, result: "Result") -> None:
    attributes = {"classname": "gradcompare", "name": _printable(label)}
    if result.file:
        attributes |= {"file": _printable(result.file), "line": str(result.line)}
    case = ElementTree.SubElement(suite, "testcase", attributes)
    if result.ok:
        return
    verdict = result.verdict
    message = f"{verdict.title}: {result.message or result.explanation.cause}"
    kind = "error" if _is_error(result) else "failure"
    attributes = {"type": verdict.code, "message": _printable(message)}
    failure = ElementTree.SubElement(case, kind, attributes)
    places = [line_of(f.file, f.line) for f in result.diagnosis if f.file]
    found = f"{', '.join(dict.fromkeys(places))}\n" if places else ""
    failure.text = _printable(f"{found}{result}")


def _is_error(result: "Result") -> bool:
    return not result.ok and result.verdict is Verdict.ERROR


def _printable(text: str) -> str:
    return UNPRINTABLE.sub("\ufffd", text)
