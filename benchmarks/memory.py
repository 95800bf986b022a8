"""Memory of one check: `python benchmarks/memory.py [--megabytes N ...] [--json FILE] [CASES...]`.

Each case is a process of its own that checks a logistic regression with an n × d matrix of data.
The figure is the largest resident memory of that process, less that of a process that does the
same with little data, as a multiple of the size of the data: 1 is the data alone.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
from tabulate import tabulate

D = 5
"""Number of parameters: a value is cheap beside the size of its data."""

FEW = 2**14
"""Bytes of the data of the other process."""

PROGRAM = """
import sys, time
import gradcompare, jax, jax.numpy as jnp, numpy as np

case, size, d = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
m = np if "numpy" in case else jnp
wrong = 1.01 if "wrong" in case else 1.0

def value(w, X, y):
    z = y * (X @ w)
    return m.mean(m.logaddexp(0.0, -z)) + 0.05 * (w @ w)

def gradient(w, X, y):
    z = y * (X @ w)
    return -wrong * (X.T @ (y / (1 + m.exp(z)))) / len(y) + 0.1 * w

rng = np.random.default_rng(0)
n = max(2, size // (8 * d))
X, w = rng.standard_normal((n, d)), rng.standard_normal(d)
y = np.sign(X @ w + rng.standard_normal(n))
def peak():
    (line,) = (line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
before, start = peak(), time.perf_counter()
if "closure" in case:
    closed = (jnp if m is jnp else np).asarray(X), y
    result = gradcompare.check(lambda w: value(w, *closed), lambda w: gradient(w, *closed), w)
else:
    result = gradcompare.check(value, gradient, w, X, y)
print(before, peak(), X.nbytes + y.nbytes, time.perf_counter() - start, result.verdict.name)
"""
"""Prints the peak before and after the check, the bytes of data, the seconds and the verdict."""

CASES = {
    "traced": "JAX, data as arguments",
    "traced-wrong": "JAX, data as arguments, wrong gradient with its diagnosis",
    "traced-closure": "JAX, data in a closure",
    "numpy": "NumPy, data as arguments",
    "numpy-wrong": "NumPy, data as arguments, wrong gradient with its diagnosis",
    "numpy-closure": "NumPy, data in a closure",
}


def measured(case: str, size: int) -> tuple[int, int, int, float, str]:
    """Runs one case in a process; returns what it prints."""
    command = [sys.executable, "-c", PROGRAM, case, str(size), str(D)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    line = subprocess.check_output(command, env=environment, text=True).splitlines()[-1]
    before, peak, data, seconds, verdict = line.split()
    return int(before), int(peak), int(data), float(seconds), verdict


@click.command()
@click.argument("cases", nargs=-1)
@click.option("--megabytes", multiple=True, type=int, default=(50, 100, 200), show_default=True)
@click.option("--json", "path", type=click.Path(path_type=Path), help="Write the figures here.")
def main(cases: tuple[str, ...], megabytes: tuple[int, ...], path: Path | None) -> None:
    """Measure the memory of a check: all CASES, or those that are named."""
    rows = []
    for case in cases or CASES:
        _, baseline, *_ = measured(case, FEW)
        for size in megabytes:
            _, peak, data, seconds, verdict = measured(case, size * 10**6)
            rows.append(
                {
                    "case": CASES[case],
                    "MB": size,
                    "times the data": round((peak - baseline) / data, 2),
                    "peak MB": round(peak / 1e6),
                    "s": round(seconds, 1),
                    "verdict": verdict,
                }
            )
            print(tabulate(rows[-1:], tablefmt="plain"), flush=True)
    print(tabulate(rows, headers="keys", tablefmt="github"))
    if path is not None:
        path.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
