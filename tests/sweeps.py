"""Which cases of a test belong to the sweep: more of a kind that the other cases show as well."""

from collections.abc import Collection, Iterable

import pytest


def sweep(cases: Iterable, kept: Collection | None = None, *, every: int | None = None) -> list:
    """All cases, of which those that are not kept have the marker `sweep`.

    Args:
        cases: The cases; a tuple has one entry per argument of the test.
        kept: Those that run always.
        every: Keeps the first case and each case after that many more, instead of `kept`.
    """
    cases = list(cases)
    chosen = cases[::every] if every is not None else list(kept or cases[:1])
    assert chosen
    assert all(case in cases for case in chosen)
    return [case if case in chosen else marked(case) for case in cases]


def marked(case):
    """A case of a parametrisation with the marker."""
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.sweep)
