"""The reproducers of docs/found.md print the wrong derivatives that the page says."""

import math
import re

import jax
import pytest
from pages import printed_by, text_of

PAGE = text_of("docs/found.md")
RELEASE, *SECTIONS = re.split(r"^## jax ", PAGE, flags=re.MULTILINE)
NUMBER = r"(-?(?:inf|nan|\d[\d.e+-]*))"
CASES = {
    f"{release}: {title}": (release, code, float(wrong), float(true))
    for release, section in (section.split("\n", 1) for section in SECTIONS)
    for title, code, wrong, true in re.findall(
        rf"^### (.*?)$.*?^```python\n(.*?^# {NUMBER}; the true derivative is {NUMBER} ±.*?)^```",
        section,
        re.DOTALL | re.MULTILINE,
    )
}


def test_every_fault_has_a_reproducer():
    assert len(CASES) > 10
    assert PAGE.count("```python\n") == PAGE.count("\n### ")


@pytest.mark.sweep
@pytest.mark.parametrize("case", CASES)
def test_a_reproducer_prints_the_wrong_derivative(case):
    release, code, wrong, true = CASES[case]
    if jax.__version__ != release:
        pytest.skip(f"found in jax {release}")
    entries = [float(entry) for entry in printed_by(code).strip("[]\n").split()]
    if math.isfinite(wrong):
        # Another compiler rounds otherwise: it is off by another amount, and as clearly.
        assert all(abs(entry - true) > abs(wrong - true) / 10 for entry in entries)
        assert any(abs(entry - wrong) < 2 * abs(wrong - true) for entry in entries)
    else:
        assert not all(map(math.isfinite, entries))
