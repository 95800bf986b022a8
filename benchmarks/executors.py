"""What an executor saves: `python benchmarks/executors.py [--json FILE] [NAMES...]`.

A function on the host that takes 20 ms, with 50 parameters, is estimated in this process, by two
processes, and by two workers of Dask, by turns. One function sleeps, as a program does that waits
for a simulation elsewhere; the other computes, and needs a core for each worker. What this machine
gives two programs that compute is measured beside: no executor can save more.
"""

import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path

import click
import numpy as np
from tabulate import tabulate

import gradcompare

D, SECONDS = 50, 0.02
WANTED = 1.7
"""How much faster two workers have to be than one process."""

X0 = np.linspace(-1, 1, D)


def sleeping(x):
    """Waits as long as the computing one computes at least."""
    time.sleep(SECONDS)
    return float(np.sum(np.asarray(x) ** 3))


def computing(x):
    """Computes for as long, in one thread."""
    end = time.thread_time() + SECONDS
    total = 0.0
    while time.thread_time() < end:
        total = float(np.sum(np.asarray(x) ** 3))
    return total


FUNCTIONS = {"sleeping": sleeping, "computing": computing}


@contextmanager
def processes() -> Iterator[Executor]:
    """Two processes of our own."""
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        yield executor


@contextmanager
def dask() -> Iterator[Executor]:
    """Two workers of Dask on this machine, with one thread each."""
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client.get_executor()


EXECUTORS = {"one process": nullcontext, "processes": processes, "dask": dask}


def measured(name: str, repeats: int) -> dict[str, list[float]]:
    """Returns the seconds of an estimate with each executor, by turns; the first warms up."""
    seconds: dict[str, list[float]] = {each: [] for each in EXECUTORS}
    with processes() as pool, dask() as cluster:
        workers = {"one process": None, "processes": pool, "dask": cluster}
        for executor in (pool, cluster):
            gradcompare.estimate(FUNCTIONS[name], X0[:2], executor=executor)
        for _ in range(repeats):
            estimates = {}
            for each, executor in workers.items():
                start = time.perf_counter()
                estimates[each] = gradcompare.estimate(FUNCTIONS[name], X0, executor=executor)
                seconds[each].append(time.perf_counter() - start)
            for estimate in estimates.values():
                np.testing.assert_array_equal(estimate.value, estimates["one process"].value)
    return seconds


BUSY = f"""
import time
start, end = time.perf_counter(), time.thread_time() + {100 * SECONDS}
while time.thread_time() < end:
    pass
print(time.perf_counter() - start)
"""


def cores() -> float:
    """Returns how much more two programs compute than one in the same time."""

    def seconds(count: int) -> float:
        command = [sys.executable, "-c", BUSY]
        programs = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)
        ]
        return max(float(program.communicate()[0]) for program in programs)

    return statistics.median(2 * seconds(1) / seconds(2) for _ in range(3))


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(tuple(FUNCTIONS)))
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
@click.option("--json", "path", type=click.Path(dir_okay=False, path_type=Path))
def main(names: tuple[str, ...], repeats: int, path: Path | None) -> None:
    """Measure what two workers save."""
    rows = []
    for name in names or FUNCTIONS:
        load = os.getloadavg()[0]
        seconds = measured(name, repeats)
        for each in seconds:
            pairs = zip(seconds["one process"], seconds[each], strict=True)
            ratio = statistics.median(alone / here for alone, here in pairs)
            rows.append(
                {
                    "function": name,
                    "executor": each,
                    "seconds": seconds[each],
                    "faster": ratio,
                    "load": load,
                }
            )
    shown = [
        (r["function"], r["executor"], statistics.median(r["seconds"]), r["faster"], r["load"])
        for r in rows
    ]
    heads = ("function", "executor", "seconds", "times faster", "load before")
    print(tabulate(shown, heads, floatfmt=".3g"))
    machine = cores()
    print(
        f"wanted of dask: {WANTED} times. Two programs compute {machine:.2g} times what one does"
    )
    if path is not None:
        path.write_text(
            json.dumps({"cores": machine, "rows": rows}, indent=1) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
