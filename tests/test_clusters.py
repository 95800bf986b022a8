"""Real workers: processes, two of Dask, and MPI. They start in seconds: all is of the sweep."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import executors
import pytest
from on_workers import X0, A, cases, gradient, value, wrong

from gradcompare import Comparison, Verdict, check, compare

pytestmark = pytest.mark.sweep

HERE = Path(__file__).parent
LIMIT = 120
"""Seconds after which a process of these tests is stuck."""


@contextmanager
def dask():
    pytest.importorskip("distributed")
    with executors.dask() as executor:
        yield executor


def rows(comparison):
    return [result.to_dict() for result in comparison]


@pytest.mark.filterwarnings("default")  # of Dask and its dependencies
@pytest.mark.parametrize("executor", [executors.processes, dask])
def test_verdicts_and_bits_are_those_of_one_process(executor):
    with executor() as workers:
        for by_hand, code in ((gradient, "GC100"), (wrong, "GC302")):
            apart = check(value, by_hand, X0, A, executor=workers)
            assert apart.verdict.code == code
            assert rows(apart) == rows(check(value, by_hand, X0, A))
        if importlib.util.find_spec("cloudpickle"):
            inner = (lambda x: value(x, A)), (lambda x: wrong(x, A))
            apart = check(*inner, X0, executor=workers)
            assert apart.verdict.code == "GC302"
            assert rows(apart) == rows(check(*inner, X0))
        for distribute in ("cases", "points"):
            options = {"points": 1, "timing": False}
            apart = compare(cases(3), executor=workers, distribute=distribute, **options)
            assert [r.verdict.name for r in apart] == ["AGREE", "ANALYTIC_WRONG", "AGREE"]
            assert rows(apart) == rows(compare(cases(3), **options))


def test_a_pool_that_breaks_keeps_what_was_found(monkeypatch):
    """A pool of processes ends with the first of them; the rows before that stay."""
    monkeypatch.setenv("ON_WORKERS", str(os.getpid()))
    deadly = cases(3, deadly_one=2)
    with executors.processes() as workers:
        apart = compare(deadly, points=1, timing=False, executor=workers)
    assert apart.results[2].verdict is Verdict.ERROR
    assert "did not answer for the objective (BrokenProcessPool" in str(apart.results[2])
    with executors.processes() as workers:
        (result,) = compare(
            deadly[2], points=1, timing=False, executor=workers, distribute="points"
        )
    assert "BrokenProcessPool" in result.points[0].missing["richardson"]
    assert result.verdict is not Verdict.ANALYTIC_WRONG


SLOW = """
import os, time
import numpy as np
from on_workers import made, slope, planted
from gradcompare import Objective


def value(w, data):
    with open("pids", "a") as file:
        file.write(f"{os.getpid()}\\n")
    time.sleep(0.02)
    return float(np.sum(np.asarray(w) ** 3))


def deadly(w, data):
    if os.path.exists("deadly"):
        os._exit(9)
    return value(w, data)


OBJECTIVES = [
    Objective(name=f"case-{k}", value=deadly if k == 2 else value,
              gradient=planted if k == 1 else slope, make=made, sizes=(2,))
    for k in range(5)
]
"""


@pytest.fixture(name="cluster")
def _cluster(tmp_path):
    """A scheduler in a process of its own, with two workers in the folder, and its address."""
    pytest.importorskip("distributed")
    (tmp_path / "mine.py").write_text(SLOW)
    (tmp_path / "scheduler.py").write_text(
        "import dask, time\n"
        "from distributed import LocalCluster\n"
        "if __name__ == '__main__':\n"
        # A task is not given to four workers in turn, each of which takes seconds to start.
        "    dask.config.set({'distributed.scheduler.allowed-failures': 0})\n"
        "    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as c:\n"
        "        print(c.scheduler_address, flush=True)\n"
        f"        time.sleep({LIMIT})\n"
    )
    process = subprocess.Popen(
        [sys.executable, "scheduler.py"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        yield process, process.stdout.readline().strip()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


@pytest.fixture(name="scheduler")
def _scheduler(cluster):
    return cluster[1]


def environment():
    paths = [str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    variables = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONWARNINGS": "default"}
    allowed = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    return {**os.environ, **variables, **allowed}


def gradcompare(folder, *arguments, before=()):
    """Starts `gradcompare run mine.py`."""
    command = [sys.executable, *before, "-m", "gradcompare", "run", "mine.py", "--no-timing"]
    return subprocess.Popen(
        [*command, "--points", "1", "--json", "rows.json", *arguments],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def verdicts(folder):
    comparison = Comparison.from_json((folder / "rows.json").read_bytes())
    return [result.verdict.name for result in comparison]


FOUND = ["AGREE", "ANALYTIC_WRONG", "AGREE", "AGREE", "AGREE"]


def killed_one(folder):
    """Kills a worker that examines a case."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        if (folder / "pids").exists() and (pids := (folder / "pids").read_text().split()):
            os.kill(int(pids[-1]), signal.SIGKILL)
            return
        time.sleep(0.01)
    pytest.fail("no worker began")


def test_a_worker_of_dask_that_is_killed_costs_nothing(tmp_path, scheduler):
    """Its case is called once more."""
    process = gradcompare(tmp_path, "--executor", "dask", "--scheduler", scheduler)
    killed_one(tmp_path)
    output, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 1, output
    assert verdicts(tmp_path) == FOUND


def test_a_case_that_kills_its_worker_costs_its_row_only(tmp_path, scheduler):
    (tmp_path / "deadly").touch()
    dask = ("--executor", "dask", "--scheduler", scheduler)
    output, _ = gradcompare(tmp_path, *dask).communicate(timeout=LIMIT)
    assert verdicts(tmp_path) == [*FOUND[:2], "ERROR", *FOUND[3:]], output
    assert "did not answer for the objective (KilledWorker" in output


def test_a_lost_connection_costs_the_rows_that_are_missing(tmp_path, cluster):
    process, address = cluster
    run = gradcompare(tmp_path, "--executor", "dask", "--scheduler", address)
    end = time.monotonic() + LIMIT
    while not (tmp_path / "pids").exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    output, _ = run.communicate(timeout=LIMIT)
    assert run.returncode == 1, output
    assert verdicts(tmp_path).count("ERROR") >= 3
    assert "the executor did not answer for the objective (" in output


def test_an_interrupted_run_on_dask_goes_on(tmp_path, scheduler):
    dask = ("--executor", "dask", "--scheduler", scheduler)
    process = gradcompare(tmp_path, *dask)
    end = time.monotonic() + LIMIT
    part = tmp_path / "rows.json.part"
    while not part.exists() or len(part.read_text().splitlines()) < 2:
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 130, output
    finished = len(part.read_text().splitlines()) - 1
    assert 0 < finished < 5
    process = gradcompare(tmp_path, *dask, "--resume")
    output, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 1, output
    assert verdicts(tmp_path) == FOUND
    assert not part.exists()


def test_no_scheduler_is_a_sentence(tmp_path):
    pytest.importorskip("distributed")
    (tmp_path / "mine.py").write_text(SLOW)
    nowhere = ("--executor", "dask", "--scheduler", "tcp://127.0.0.1:9")
    process = gradcompare(tmp_path, *nowhere)
    output, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 2
    assert "no scheduler of Dask answers at tcp://127.0.0.1:9" in output


MPI = """
import json
from mpi4py.futures import MPIPoolExecutor
from on_workers import A, X0, cases, gradient, value, wrong
from gradcompare import check, compare

if __name__ == "__main__":
    with MPIPoolExecutor() as workers:
        apart = [check(value, g, X0, A, executor=workers) for g in (gradient, wrong)]
        apart.append(compare(cases(3), points=1, timing=False, executor=workers))
    alone = [check(value, g, X0, A) for g in (gradient, wrong)]
    alone.append(compare(cases(3), points=1, timing=False))
    rows = [[[r.to_dict() for r in c] for c in side] for side in (apart, alone)]
    print(json.dumps({"codes": [c.verdict.code for c in apart], "same": rows[0] == rows[1]}))
"""


def mpiexec():
    pytest.importorskip("mpi4py")
    if shutil.which("mpiexec") is None:
        pytest.skip("no mpiexec")
    version = subprocess.run(["mpiexec", "--version"], capture_output=True, text=True).stdout
    several = ["--oversubscribe"] if "Open MPI" in version or "OpenRTE" in version else []
    return ["mpiexec", *several, "-n", "2", sys.executable, "-m", "mpi4py.futures"]


def test_mpi_gives_the_same(tmp_path):
    (tmp_path / "apart.py").write_text(MPI)
    ran = subprocess.run(
        [*mpiexec(), "apart.py"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert '{"codes": ["GC100", "GC302", "GC302"], "same": true}' in ran.stdout, ran.stderr


def test_the_command_runs_on_mpi(tmp_path):
    (tmp_path / "mine.py").write_text(SLOW)
    command = ["-m", "gradcompare", "run", "mine.py", "--no-timing", "--points", "1"]
    ran = subprocess.run(
        [*mpiexec(), *command, "--json", "rows.json", "--executor", "mpi"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert ran.returncode == 1, ran.stderr
    assert verdicts(tmp_path) == FOUND
