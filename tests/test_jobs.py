"""`gradcompare run --jobs`: several processes say what one says, in the same order."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import pytest
from click.testing import CliRunner
from sweeps import sweep

from gradcompare import UnknownNameError
from gradcompare._api.compare import prepare
from gradcompare.cli import processes
from gradcompare.cli.main import main
from gradcompare.cli.processes import compare_in_processes
from gradcompare.cli.runs.rows import Rows
from gradcompare.cli.runs.workers import Worker
from gradcompare.methods._registry import standard_methods

FILE = """
import jax.numpy as jnp
import numpy as np
from gradcompare import Objective


def broken(w, data):
    raise ValueError("no value today")


def made(rng, size):
    return rng.standard_normal(size), None


OBJECTIVES = (
    Objective(name="first", value=lambda w, data: jnp.sum(w**3),
              gradient=lambda w, data: 3 * w**2, make=made, sizes=(2,)),
    Objective(name="second", value=broken, gradient=lambda w, data: w, make=made, sizes=(2,)),
    Objective(name="third", value=lambda w, data: jnp.sum(w**2),
              gradient=lambda w, data: 3 * w, make=made, sizes=(2,)),
)
"""


@pytest.fixture(name="file")
def _file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return str(path)


def test_two_processes_say_what_one_says(file):
    steps = []

    def progress(*step):
        steps.append(step)

    def said(jobs):
        comparison = compare_in_processes(
            ["ridge", file],
            standard_methods(),
            jobs=jobs,
            cache=False,
            progress=progress,
            points=1,
        )
        assert all(r.timings for r in comparison if r.objective != "second")
        return [str(result) for result in comparison]

    two = said(2)
    assert two == said(1)
    assert [line.split()[0].rstrip(":") for line in two] == ["ridge", "first", "second", "third"]
    assert "ValueError: no value today" in two[2]
    assert [done for _, done, _ in steps[:8]] == list(range(1, 9))


@pytest.mark.sweep
def test_the_command_takes_jobs(file):
    ran = CliRunner().invoke(main, ["run", file, "--jobs", "2", "--no-timing", "--no-cache"])
    assert ran.exit_code == 1
    assert "1 AGREE" in ran.output
    assert "ERROR" in ran.output
    assert "ANALYTIC_WRONG" in ran.output


DEADLY = """
import multiprocessing
import os
import jax.numpy as jnp
import numpy as np
from gradcompare import Objective


def deadly(w, data):
    if multiprocessing.parent_process():
        os._exit(9)
    return jnp.sum(w**2)


def made(rng, size):
    return rng.standard_normal(size), None


OBJECTIVES = [
    Objective(name=f"case-{number}", value=deadly, gradient=lambda w, data: 2 * w, make=made,
              sizes=(2,))
    for number in range(4)
]
"""


@pytest.mark.parametrize("timing", sweep([True, False]))
def test_a_process_that_ends_takes_one_case_with_it(tmp_path, timing):
    path = tmp_path / "deadly.py"
    path.write_text(DEADLY)
    results = compare_in_processes(
        [str(path)],
        standard_methods(),
        jobs=2,
        cache=False,
        progress=lambda *_: None,
        points=1,
        timing=timing,
    ).results
    assert [r.objective for r in results] == [f"case-{number}" for number in range(4)]
    lost = [r for r in results if r.verdict.name == "ERROR"]
    assert len(lost) == 1
    assert "ended without a result: it crashed" in str(lost[0])
    for r in results:
        if r not in lost:
            assert r.verdict.name == "AGREE"
            assert bool(r.timings) == timing


def dealt(cases, plan, *executors):
    """What deals the cases to these executors, none of which is replaced."""
    workers = [Worker(executor) for executor in executors]
    return processes._Dealer(cases, plan, workers, lambda: pytest.fail("another worker"), None)


class Ending(ThreadPoolExecutor):
    """Is asked for results, and ends before it is asked for times."""

    def submit(self, fn, /, *args, **kwargs):
        if fn is processes._timed:
            raise BrokenProcessPool("it ended")
        return super().submit(fn, *args, **kwargs)


class Ended(ThreadPoolExecutor):
    """Ended while it had nothing to do."""

    def submit(self, fn, /, *args, **kwargs):
        raise BrokenProcessPool("it ended")


def test_a_process_that_ends_between_two_cases_takes_none_with_it(file):
    cases, plan = prepare([file], standard_methods(), points=1, timing=False)
    rows = Rows()
    rows.begin(cases, plan)
    with Ending(1, initializer=processes._keep, initargs=(cases, plan)) as ours, Ended(1) as other:
        dealer = dealt(cases, plan, ours, other)
        results = processes._results(dealer, lambda *step: None, rows)
    assert [r.verdict.name for r in results] == ["AGREE", "ERROR", "ANALYTIC_WRONG"]
    assert "no value today" in str(results[1])


def test_results_of_a_process_that_ends_later_are_kept(file):
    cases, plan = prepare([file], standard_methods(), points=1)
    started = {"initializer": processes._keep, "initargs": (cases, plan)}
    steps = []
    rows = Rows()
    rows.begin(cases, plan)
    with Ending(1, **started) as worker:
        results = processes._results(
            dealt(cases, plan, worker), lambda *step: steps.append(step), rows
        )
    assert [r.objective for r in results] == ["first", "second", "third"]
    assert [r.verdict.name for r in results] == ["AGREE", "ERROR", "ANALYTIC_WRONG"]
    assert "not timed, because the process with its compiled programs ended" in str(results[0])
    assert [done for _, done, _ in steps] == list(range(1, 7))


def test_an_unknown_name_pickles():
    error = pickle.loads(pickle.dumps(UnknownNameError("fruit", "aple", ["pear", "apple"])))
    assert str(error) == "unknown fruit 'aple'; did you mean apple or pear? known: apple, pear"
