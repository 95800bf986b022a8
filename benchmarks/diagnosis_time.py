"""How long the diagnosis of one failing check takes in a process that has done nothing before.

Registered objectives get a gradient that is wrong in a way which nothing explains, so that every
hypothesis is tried; others have a derivative by autodiff that is wrong. Each check runs in a
process of its own, with no compilation cache; the seconds are those from the call of `check` to
its result, and the part of them that is the diagnosis.

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
    """The objective `NAME:SIZE`, and a gradient with a factor of its own at each coordinate."""
    name, _, size = case.partition(":")
    objective = get_objective(name)
    params, data = objective.make(np.random.default_rng(0), int(size))

    def gradient(params, data):
        g, unflatten = ravel_pytree(objective.gradient(params, data))
        return unflatten(g * (1.5 + jnp.sin(jnp.arange(g.size) + g)))

    return objective.value, gradient, (params, data), (objective.lower, objective.upper)


@jax.custom_jvp
def softplus(x):
    """Its rule is 1 % too large."""
    return jnp.logaddexp(x, 0.0)


@softplus.defjvp
def softplus_jvp(primals, tangents):
    """The rule."""
    return softplus(*primals), 1.01 * jax.nn.sigmoid(*primals) * tangents[0]


def weighted_mean(x):
    """Its denominator is held fixed for autodiff."""
    return jnp.sum(x**3) / jax.lax.stop_gradient(jnp.sum(x**2))


def weighted_mean_gradient(x):
    """By the quotient rule."""
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
"""A value whose derivative by autodiff is wrong, and the right one; half of the 1000 x are 0."""


def by_autodiff(case: str) -> tuple:
    """The value and the right gradient, at a point half of whose coordinates are 0."""
    x = np.random.default_rng(0).standard_normal(1000)
    if case in ("special point", "non-finite"):
        x[::2] = 0
    return *AUTODIFF[case], (x,), (-np.inf, np.inf)


def seconds(case: str) -> dict:
    """Checks a case here and now."""
    value, gradient, args, bounds = by_autodiff(case) if case in AUTODIFF else unexplained(case)
    spent: list[float] = []
    for name in ("findings", "autodiff_findings", "nonfinite_findings", "staircase"):
        setattr(_study, name, _timed(getattr(_study, name), spent))
    start = time.perf_counter()
    (result,) = check(value, gradient, *args, bounds=bounds)
    whole = time.perf_counter() - start
    said = ", ".join(finding.kind for finding in result.diagnosis) or "nothing"
    says = f"{result.verdict.name}: {said}"
    return {"d": result.d, "check": whole, "diagnosis": sum(spent), "says": says}


def _timed(diagnose, spent: list[float]):
    def timed(*args, **options):
        start = time.perf_counter()
        found = diagnose(*args, **options)
        spent.append(time.perf_counter() - start)
        return found

    return timed


@click.command()
@click.argument("cases", nargs=-1)
@click.option("--here", is_flag=True, help="In this process; the answer is JSON.")
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
