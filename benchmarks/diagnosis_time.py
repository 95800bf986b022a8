"""Measures the diagnosis of one failing check in a new process.

Registered objectives get a wrong gradient that no hypothesis explains, so that all are tried; for
other functions the derivative by autodiff is wrong. Each check runs in a process of its own,
without a compilation cache. The seconds are those of the whole call of `check`, and of the
diagnosis in it.

    python benchmarks/diagnosis_time.py [NAME:SIZE or NAME]...
"""

import json
import subprocess
import sys
import time

import click
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.scipy.special import i0, i0e, i1e
from tabulate import tabulate

from gradcompare import check
from gradcompare._api.registry import get_objective
from gradcompare._engine import case as _study

UNEXPLAINED = (
    "ridge:1000", "logistic:1000", "softmax-regression:250", "rosenbrock:1000",
    "gaussian-mixture:50", "matrix-factorisation:100",
)  # fmt: skip


def unexplained(case: str) -> tuple:
    """Returns the objective `NAME:SIZE`, and a gradient with another factor at each coordinate."""
    name, _, size = case.partition(":")
    objective = get_objective(name)
    params, data = objective.make(np.random.default_rng(0), int(size))

    def gradient(params, data):
        g, unflatten = ravel_pytree(objective.gradient(params, data))
        return unflatten(g * (1.5 + jnp.sin(jnp.arange(g.size) + g)))

    return objective.value, gradient, (params, data), (objective.lower, objective.upper)


@jax.custom_jvp
def softplus(x):
    """A softplus with a rule that is 1 % too large."""
    return jnp.logaddexp(x, 0.0)


@softplus.defjvp
def softplus_jvp(primals, tangents):
    """The wrong rule."""
    return softplus(*primals), 1.01 * jax.nn.sigmoid(*primals) * tangents[0]


def weighted_mean(x):
    """A mean whose denominator is constant for autodiff."""
    return jnp.sum(x**3) / jax.lax.stop_gradient(jnp.sum(x**2))


def weighted_mean_gradient(x):
    """The right gradient, by the quotient rule."""
    n, s = jnp.sum(x**3), jnp.sum(x**2)
    return 3 * x**2 / s - 2 * n * x / s**2


AUTODIFF = {
    "custom rule": (lambda x: jnp.sum(softplus(x)), jax.nn.sigmoid),
    "stop_gradient": (weighted_mean, weighted_mean_gradient),
    "rounding": (lambda x: jnp.sum(jnp.round(x * 1e9) / 1e9 * x), lambda x: 2 * x),
    "special point": (lambda x: jnp.sum(jnp.log(i0(x))), lambda x: i1e(x) / i0e(x)),
    "non-finite": (
        lambda x: jnp.sum(jnp.where(x == 0, 0, jnp.sqrt(jnp.abs(x))) ** 4),
        lambda x: 2 * x,
    ),
}  # fmt: skip
"""Values whose derivative by autodiff is wrong, and the right gradients."""


def by_autodiff(case: str) -> tuple:
    """Returns the value, the right gradient and a point; in some cases half of it is 0."""
    x = np.random.default_rng(0).standard_normal(1000)
    if case in ("special point", "non-finite"):
        x[::2] = 0
    return *AUTODIFF[case], (x,), (-np.inf, np.inf)


def seconds(case: str) -> dict:
    """Checks a case in this process."""
    value, gradient, args, bounds = by_autodiff(case) if case in AUTODIFF else unexplained(case)
    spent: list[float] = []
    for name in ("findings", "autodiff_findings", "nonfinite_findings", "staircase"):
        setattr(_study, name, _timed(getattr(_study, name), spent))
    start = time.perf_counter()
    (result,) = check(value, gradient, *args, bounds=bounds)
    whole = time.perf_counter() - start
    kinds = ", ".join(finding.kind for finding in result.diagnosis) or "nothing"
    says = f"{result.verdict.name}: {kinds}"
    return {"d": result.d, "check": whole, "diagnosis": sum(spent), "says": says}


def _timed(diagnose, spent: list[float]):
    def timed(*args, **options):
        start = time.perf_counter()
        findings = diagnose(*args, **options)
        spent.append(time.perf_counter() - start)
        return findings

    return timed


@click.command()
@click.argument("cases", nargs=-1)
@click.option("--here", is_flag=True, help="Use this process, and print JSON.")
def main(cases: tuple[str, ...], here: bool) -> None:
    """Print the seconds of a failing check and of its diagnosis."""
    if here:
        print(json.dumps(seconds(cases[0])))
        return
    rows = []
    for case in cases or (*UNEXPLAINED, *AUTODIFF):
        command = [sys.executable, __file__, "--here", case]
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        rows.append({"check of": case, **json.loads(answer.splitlines()[-1])})
    print(tabulate(rows, headers="keys", floatfmt=".2f"))


if __name__ == "__main__":
    main()
