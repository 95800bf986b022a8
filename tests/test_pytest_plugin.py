"""The plugin: objectives as tests, in a pytest of their own.

It is a process of its own where tests are run that may leave something behind; what is only
collected or refused is in this one, which need not import JAX once more.
"""

import xml.etree.ElementTree as ElementTree
from importlib.util import find_spec

import pytest
from sweeps import sweep

from gradcompare import compare

pytest_plugins = ["pytester"]

MODULE = """
import jax
import jax.numpy as jnp
import numpy as np

from gradcompare import Objective, Verdict


def make(rng, size):
    return rng.standard_normal(size), None


def cubes(x, data):
    return jnp.sum(x**3)


@jax.custom_jvp
def sine(x):
    return jnp.sin(x)


sine.defjvp(lambda x, t: (sine(x[0]), -jnp.sin(x[0]) * t[0]))


def sines(x, data):
    return jnp.sum(sine(x))


def cosine(x, data):
    return jnp.cos(x)


def on_host(x, data):
    return np.sum(np.asarray(x) ** 2).item()


OBJECTIVES = (
    Objective("right", cubes, make, gradient=lambda x, data: 3 * x**2),
    Objective("half", cubes, make, gradient=lambda x, data: 1.5 * x**2),
    Objective("rule", sines, make, gradient=cosine),
    Objective("bare", cubes, make),
    Objective("host", on_host, make, gradient=lambda x, data: 2 * x),
    Objective("trap", sines, make, gradient=cosine, expected=Verdict.AUTODIFF_WRONG),
    Objective(
        "tame", cubes, make, gradient=lambda x, data: 3 * x**2, expected=Verdict.AUTODIFF_WRONG
    ),
    Objective("both", sines, make, gradient=lambda x, data: 2 * jnp.cos(x)),
    Objective("crash", cubes, make, gradient=lambda x, data: data["missing"]),
    Objective("twice", cubes, make, hvp=lambda x, v, data: 6 * x * v),
    Objective("thrice", cubes, make, hvp=lambda x, v, data: 3 * x * v),
)
"""

OUTCOMES = {
    "right::analytic": "passed",
    "right::reverse": "passed",
    "half::analytic": "failed",
    "half::reverse": "passed",
    "rule::analytic": "passed",
    "rule::reverse": "failed",
    "bare::reverse": "passed",
    "host::analytic": "passed",
    "host::reverse": "skipped",
    "trap::analytic": "passed",
    "trap::reverse": "passed",
    "tame::analytic": "failed",
    "tame::reverse": "failed",
    "both::analytic": "failed",
    "both::reverse": "failed",
    "crash::analytic": "failed",
    "crash::reverse": "failed",
    "twice::reverse": "passed",
    "twice::hvp": "passed",
    "thrice::reverse": "passed",
    "thrice::hvp": "failed",
}

PLUGIN = ("-p", "gradcompare.pytest_plugin", "-p", "no:cacheprovider")


@pytest.fixture
def run(pytester, monkeypatch):
    """Runs pytest with the plugin, in a folder with objectives."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makepyfile(my_objectives=MODULE)

    def run(*args, process=True):
        start = pytester.runpytest_subprocess if process else pytester.runpytest_inprocess
        return start(*PLUGIN, *args)

    return run


def outcomes(path) -> dict[str, str]:
    """What became of each test, from the file for JUnit."""
    found = {}
    for case in ElementTree.parse(path).iter("testcase"):
        tags = {child.tag: child.tag for child in case}
        outcome = tags.get("failure") or tags.get("error") or tags.get("skipped") or "passed"
        said = "failed" if outcome == "failure" else outcome
        found[f"{case.get('classname')}::{case.get('name')}"] = said
    return found


@pytest.mark.sweep
def test_each_derivative_is_a_test(run, pytester):
    result = run("--gradcompare", "my_objectives.py", "--junitxml", "found.xml", "-rfs")
    assert outcomes(pytester.path / "found.xml") == OUTCOMES
    counts = {k: list(OUTCOMES.values()).count(k) for k in ("passed", "failed", "skipped")}
    result.assert_outcomes(**counts)
    assert result.ret == 1
    text = result.stdout.str()
    assert "half (d = 10): ANALYTIC_WRONG (GC302)" in text
    assert "rule (d = 10): AUTODIFF_WRONG (GC301)" in text
    assert "both (d = 10): " in text
    assert "crash: ERROR (GC502)" in text
    assert "not what this trap declares: AUTODIFF_WRONG; correct the declaration" in text
    assert "reverse: not available: NumPy is called on a traced value at my_objectives.py" in text
    result.stdout.fnmatch_lines(
        ["FAILED half::analytic - *half (d = 10): ANALYTIC_WRONG (GC302)*"]
    )
    assert "Traceback" not in text
    assert "runtest" not in text
    # The file for JUnit has the report.
    failures = ElementTree.parse(pytester.path / "found.xml").findall(".//failure")
    reports = [failure.text for failure in failures if "half (d" in (failure.text or "")]
    assert [report.startswith("half (d = 10): ANALYTIC_WRONG (GC302)") for report in reports] == [
        True
    ]
    assert len(reports[0].splitlines()) <= 15


def test_names_of_all_kinds_and_a_selection(run):
    names = ["my_objectives.py:OBJECTIVES", "ridge", "gradcompare.objectives.hinge:OBJECTIVES"]
    options = [word for name in names for word in ("--gradcompare", name)]
    result = run(*options, "--collect-only", "-q", "-k", "right or ridge or hinge", process=False)
    assert result.ret == 0
    listed = [line for line in result.stdout.lines if "::" in line]
    assert listed[:4] == ["right::analytic", "right::reverse", "ridge::analytic", "ridge::reverse"]
    assert "hinge::analytic" in listed


def test_beside_other_tests_and_named_in_the_settings(run, pytester):
    pytester.makepyfile(test_elsewhere="def test_elsewhere(): pass")
    pytester.makeini("[pytest]\ngradcompare = my_objectives.py:OBJECTIVES")
    result = run("-k", "elsewhere or bare", process=False)
    result.assert_outcomes(passed=2, deselected=len(OUTCOMES) - 1)
    assert result.ret == 0


def test_each_objective_is_compared_once(run, monkeypatch):
    compared = []

    def counted(objectives, *args, **kwargs):
        compared.append(objectives[0].name)
        return compare(objectives, *args, **kwargs)

    monkeypatch.setattr("gradcompare._api.compare.compare", counted)
    run("--gradcompare", "my_objectives.py", "-k", "right or rule", process=False)
    assert compared == ["right", "rule"]


def test_the_same_objective_twice_is_one(run):
    twice = ["--gradcompare", "ridge", "--gradcompare", "ridge"]
    result = run(*twice, "--collect-only", "-q", process=False)
    assert [line for line in result.stdout.lines if "::" in line] == [
        "ridge::analytic",
        "ridge::reverse",
        "ridge::hvp",
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rigde", "gradcompare: unknown objective 'rigde'; did you mean ridge*"),
        ("none.py", "gradcompare: there is no file none.py; give the path of a Python file"),
    ],
)
def test_names_that_stand_for_nothing(run, name, message):
    result = run("--gradcompare", name, process=False)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])
    assert result.ret == 2
    assert "Traceback" not in result.stdout.str()


def test_jax_is_imported_only_where_objectives_are_named(run, pytester):
    pytester.makepyfile(
        test_other="""
        import sys

        def test_other():
            assert "jax" not in sys.modules
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:jaxtyping", *PLUGIN)
    result.assert_outcomes(passed=1)


def test_the_option_is_explained(run):
    text = " ".join(run("--help").stdout.str().split())
    assert "--gradcompare=NAME" in text
    assert "objectives to compare: path/to/file.py or package.module" in text


@pytest.mark.sweep
@pytest.mark.parametrize("processes", sweep([1, 2]))
@pytest.mark.skipif(find_spec("xdist") is None, reason="pytest-xdist is not installed")
def test_in_several_processes(run, pytester, processes):
    """Of each outcome one: where all are run is another test."""
    options = [f"-n{processes}", "--junitxml", "found.xml", "-k", "half or host"]
    result = run("--gradcompare", "my_objectives.py", *options)
    expected = {name: said for name, said in OUTCOMES.items() if name.startswith(("half", "host"))}
    assert set(expected.values()) == {"passed", "failed", "skipped"}
    assert outcomes(pytester.path / "found.xml") == expected
    result.stdout.fnmatch_lines(["half (d = 10): ANALYTIC_WRONG (GC302)*"])


@pytest.mark.sweep
@pytest.mark.skipif(find_spec("xdist") is None, reason="pytest-xdist is not installed")
def test_an_unknown_name_in_several_processes(run):
    result = run("--gradcompare", "rigde", "-n1")
    result.stdout.fnmatch_lines(["*gradcompare: unknown objective 'rigde'*"])
    assert result.ret != 0
