"""How long the diagnosis of one failing check takes in a process that has done nothing before.

The gradient is wrong in a way that nothing explains, so that every hypothesis is tried. Each check
runs in a process of its own, with no compilation cache; the seconds are those from the call of
`check` to its result, and the part of them that is the diagnosis.

    python benchmarks/diagnosis_time.py [NAME:SIZE...]
"""

import json
import subprocess
import sys
import time

import click
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from tabulate import tabulate

from gradcompare import _study, check
from gradcompare._registry import get_objective

CASES = (
    "ridge:1000", "logistic:1000", "softmax-regression:250", "rosenbrock:1000",
    "gaussian-mixture:50", "matrix-factorisation:100",
)  # fmt: skip


def seconds(case: str) -> dict:
    """Checks a wrong gradient here and now."""
    name, _, size = case.partition(":")
    objective = get_objective(name)
    params, data = objective.make(np.random.default_rng(0), int(size))

    def gradient(params, data):
        g, unflatten = ravel_pytree(objective.gradient(params, data))
        return unflatten(g * (1.5 + jnp.sin(jnp.arange(g.size) + g)))

    spent, diagnose = [], _study.findings

    def timed(*args, **options):
        start = time.perf_counter()
        found = diagnose(*args, **options)
        spent.append(time.perf_counter() - start)
        return found

    _study.findings = timed
    start = time.perf_counter()
    (result,) = check(objective.value, gradient, params, data, bounds=_bounds(objective))
    whole = time.perf_counter() - start
    said = ", ".join(f.kind for f in result.diagnosis) or "nothing"
    verdict = result.verdict.name
    return {"d": result.d, "check": whole, "diagnosis": sum(spent), "says": f"{verdict}: {said}"}


def _bounds(objective) -> tuple:
    return objective.lower, objective.upper


@click.command()
@click.argument("cases", nargs=-1)
@click.option("--here", is_flag=True, help="In this process; the answer is JSON.")
def main(cases: tuple[str, ...], here: bool) -> None:
    """Print the seconds of a failing check and of its diagnosis."""
    if here:
        print(json.dumps(seconds(cases[0])))
        return
    rows = []
    for case in cases or CASES:
        command = [sys.executable, __file__, "--here", case]
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        rows.append({"check of": case, **json.loads(answer.splitlines()[-1])})
    print(tabulate(rows, headers="keys", floatfmt=".2f"))


if __name__ == "__main__":
    main()
