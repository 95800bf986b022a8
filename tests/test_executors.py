"""Any executor gives what one process gives; what it cannot do is a sentence, or a row."""

import json
import threading

import numpy as np
import pytest
from click.testing import CliRunner
from on_workers import X0, A, Closed, Losing, Sending, cases, gradient, value, wrong
from sweeps import sweep

from gradcompare import GradcompareError, InputError, Verdict, check, compare, estimate, locate
from gradcompare._foundation.executors import tasks
from gradcompare.cli.main import main


def same_results(one, other):
    """Whether all numbers of two comparisons, and all words, are the same."""
    return [result.to_dict() for result in one] == [result.to_dict() for result in other]


def without_cloudpickle(monkeypatch):
    monkeypatch.setattr(tasks, "_pickler", lambda: tasks.pickle)


@pytest.mark.parametrize(("by_hand", "code"), [(gradient, "GC100"), (wrong, "GC302")])
def test_submit_alone_is_enough_and_gives_the_same_bits(by_hand, code):
    executor = Sending()
    apart = check(value, by_hand, X0, A, executor=executor)
    assert apart.verdict.code == code
    assert executor.calls > 10
    assert apart.to_json() == check(value, by_hand, X0, A).to_json()


def test_what_cannot_be_pickled_is_an_input_error(monkeypatch):
    without_cloudpickle(monkeypatch)
    lock = threading.Lock()

    def held(x, a):
        with lock:
            return value(x, a)

    needed = r"the function cannot be sent .*top of a module, install cloudpickle, or .*Thread"
    for call in (check, locate):
        with pytest.raises(InputError, match=needed):
            call(held, gradient, X0, A, executor=Sending())
    with pytest.raises(InputError, match=needed):
        estimate(held, X0, A, executor=Sending())


def test_a_worker_that_cannot_load_the_function_is_an_input_error(monkeypatch):
    def missing(packed):
        raise ModuleNotFoundError("No module named 'mine'")

    monkeypatch.setattr(tasks, "_loaded", missing)
    with pytest.raises(InputError, match=r"cannot load the function: .*'mine'.*, on .*; install"):
        check(value, gradient, X0, A, executor=Sending())


@pytest.mark.parametrize("executor", [Losing(3), Closed()])
def test_a_lost_call_costs_a_line_of_the_report(executor):
    comparison = check(value, gradient, X0, A, executor=executor, points=1)
    (result,) = comparison
    assert "analytic" in result.points[0].estimates
    assert "the executor did not answer for the function" in result.points[0].missing["richardson"]
    assert "a worker died, ran out of memory" in str(comparison)
    assert comparison.verdict is not Verdict.ANALYTIC_WRONG
    assert not comparison.ok
    with pytest.raises(GradcompareError, match=r"did not answer .*BrokenProcessPool|shutdown"):
        estimate(value, X0, A, executor=type(executor)(*getattr(executor, "lost", ())))


@pytest.mark.parametrize("distribute", ["cases", "points"])
def test_compare_distributes(distribute):
    executor, steps = Sending(), []
    apart = compare(
        cases(3),
        points=1,
        timing=False,
        executor=executor,
        distribute=distribute,
        progress=lambda *step: steps.append(step),
    )
    assert (executor.calls == 3) == (distribute == "cases")
    assert [r.verdict.name for r in apart] == ["AGREE", "ANALYTIC_WRONG", "AGREE"]
    assert same_results(apart, compare(cases(3), points=1, timing=False))
    assert [done for _, done, _ in steps] == [1, 2, 3]


def test_a_case_is_timed_by_its_worker():
    (result,) = compare(cases(1), points=1, repeats=1, executor=Sending())
    assert result.timings["analytic"].median_seconds > 0


@pytest.mark.parametrize(("lost", "rows"), sweep([((1,), []), ((1, 3), [1]), ((0, 3), [0])]))
def test_a_lost_case_is_tried_once_more_and_costs_its_row_only(lost, rows):
    apart = compare(cases(3), points=1, timing=False, executor=Losing(*lost))
    errors = [k for k, result in enumerate(apart) if result.verdict is Verdict.ERROR]
    assert errors == rows
    for k in rows:
        assert "did not answer for the objective (BrokenProcessPool" in str(apart.results[k])
    with pytest.raises(GradcompareError, match="did not answer for the objective"):
        compare(cases(3), points=1, timing=False, executor=Losing(1, 3), on_error="raise")


def test_a_case_that_cannot_be_sent_costs_its_row_only(monkeypatch):
    without_cloudpickle(monkeypatch)
    first, second = cases(2)
    object.__setattr__(first, "value", lambda w, data: np.sum(w**3))
    apart = compare([first, second], points=1, timing=False, executor=Sending())
    assert [r.verdict.name for r in apart] == ["ERROR", "ANALYTIC_WRONG"]
    assert "the objective cannot be sent to the workers" in str(apart.results[0])


def test_a_file_is_found_from_another_folder(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("from on_workers import cases\nOBJECTIVES = cases(2)\n")
    monkeypatch.chdir(tmp_path)

    class Elsewhere(Sending):
        def submit(self, function, /, *args):
            with monkeypatch.context() as patch:
                patch.chdir("/")
                return super().submit(function, *args)

    apart = compare(["mine.py"], points=1, timing=False, executor=Elsewhere())
    assert [r.verdict.name for r in apart] == ["AGREE", "ANALYTIC_WRONG"]


def test_a_worker_with_other_versions_says_so(monkeypatch):
    from gradcompare._engine.executors import cases as module

    theirs = iter([{"jax": "0.10"}, {"jax": "0.9"}])
    monkeypatch.setattr(module, "_versions", lambda settings: next(theirs))
    (result,) = compare(cases(1), points=1, timing=False, executor=Sending())
    assert "with jax 0.9, here 0.10; install the same versions" in str(result)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--executor", "dask"], "--scheduler ADDRESS go together"),
        (["--scheduler", "tcp://a:1"], "--scheduler ADDRESS go together"),
        (["--executor", "mpi", "--jobs", "2"], "leave out --executor"),
        (["--executor", "ray"], "'dask', 'mpi'"),
    ],
)
def test_options_that_do_not_go_together(options, words):
    ran = CliRunner().invoke(main, ["run", "ridge", *options])
    assert ran.exit_code == 2
    assert words in ran.output


def test_what_can_be_distributed():
    with pytest.raises(InputError, match=r"unknown part to distribute 'rows'; .*cases, points"):
        compare("ridge", executor=Sending(), distribute="rows")
    with pytest.raises(InputError, match=r"executor is 4; give one of concurrent.futures"):
        compare("ridge", executor=4)


def test_resumed_rows_are_not_examined_again(tmp_path, monkeypatch):
    """The file of rows is that of `run --resume`, whoever examines them."""
    from contextlib import contextmanager

    from gradcompare.cli.runs import executors

    (tmp_path / "mine.py").write_text("from on_workers import cases\nOBJECTIVES = cases(3)\n")
    monkeypatch.chdir(tmp_path)
    used = []

    @contextmanager
    def workers():
        used.append(Losing(0, 3) if not used else Sending())
        yield used[-1]

    monkeypatch.setattr(executors, "_mpi", workers)
    arguments = ["run", "mine.py", "--executor", "mpi", "--no-timing", "--points", "1"]
    arguments += ["--json", "rows.json"]
    # The last step is lost as by an interruption: the file of rows stays.
    monkeypatch.setattr("gradcompare.cli.runs.rows.Rows.end", lambda rows: None)
    ran = CliRunner().invoke(main, arguments)
    assert ran.exit_code == 1, ran.output
    assert "1 AGREE, 1 ANALYTIC_WRONG, 1 ERROR" in ran.output
    again = CliRunner().invoke(main, [*arguments, "--resume"])
    assert "2 AGREE, 1 ANALYTIC_WRONG" in again.output
    assert used[1].calls == 1
    names = [
        row["objective"] for row in json.loads((tmp_path / "rows.json").read_text())["results"]
    ]
    assert names == ["case-0", "case-1", "case-2"]
