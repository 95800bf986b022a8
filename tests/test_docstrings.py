"""The examples in the docstrings of the public names are run, and each name has one."""

import doctest

import pytest

import gradcompare
from gradcompare import testing

PICTURES = (
    *("coverage", "descent", "estimates", "scaling", "slice", "taylor", "timing", "v_curve"),
)
PUBLIC = {name: getattr(gradcompare, name) for name in gradcompare.__all__}
PUBLIC |= {f"testing.{name}": getattr(testing, name) for name in testing.__all__}
PUBLIC |= {f"plot.{name}": getattr(gradcompare.plot, name) for name in PICTURES}
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def examples(name: str) -> doctest.DocTest:
    (found,) = doctest.DocTestFinder(recurse=False).find(PUBLIC[name], name, globs={})
    return found


@pytest.mark.parametrize("name", PUBLIC)
def test_examples_print_what_stands_below_them(name):
    found, said = examples(name), []
    assert found.examples, f"{name} has no example"
    if name.startswith("plot."):
        pytest.importorskip("matplotlib").use("Agg")
    if name == "sympy_objective":
        pytest.importorskip("sympy")
    runner = doctest.DocTestRunner(verbose=False, optionflags=FLAGS)
    outcome = runner.run(found, out=said.append)
    assert outcome.attempted == len(found.examples)
    assert not outcome.failed, "".join(said)


def test_an_example_that_is_wrong_is_noticed():
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner(optionflags=FLAGS).run(wrong, out=lambda said: None).failed
