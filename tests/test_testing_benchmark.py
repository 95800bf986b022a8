"""`assert_gradient(..., benchmark=benchmark)`: the fixture of pytest-benchmark gets the times."""

import inspect
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare.testing import GradientMismatch, assert_gradient

X = np.array([1.0, -2.0, 0.5])


class Fixture:
    """What the fixture of pytest-benchmark has: it is called, and it has `extra_info`."""

    def __init__(self):
        self.extra_info, self.results = {}, []

    def __call__(self, function):
        self.results.append(function())
        return self.results[-1]


def value(x):
    return jnp.sum(x**3)


def gradient(x):
    return 3 * x**2


@pytest.mark.parametrize(
    ("function", "derivative"),
    [
        (value, gradient),
        (value, None),
        (lambda x: (jnp.sum(x**3), 3 * x**2), True),
        (lambda x: float(np.sum(np.asarray(x) ** 3)), lambda x: 3 * np.asarray(x) ** 2),
    ],
)
def test_the_fixture_times_the_gradient(function, derivative):
    fixture = Fixture()
    comparison = assert_gradient(function, derivative, X, points=1, benchmark=fixture)
    assert comparison.ok
    (result,) = fixture.results
    result = result[1] if derivative is True else result
    assert np.allclose(result, 3 * X**2)
    assert fixture.extra_info["value seconds"] > 0
    assert ("analytic seconds" in fixture.extra_info) == (derivative is not None)


def test_a_wrong_gradient_is_not_timed():
    fixture = Fixture()
    with pytest.raises(GradientMismatch):
        assert_gradient(value, lambda x: 2 * x**2, X, benchmark=fixture)
    assert fixture.results == []


def test_the_signature_has_the_option():
    assert "benchmark" in inspect.signature(assert_gradient).parameters


@pytest.mark.sweep
def test_the_real_fixture(tmp_path):
    pytest.importorskip("pytest_benchmark")
    (tmp_path / "test_it.py").write_text(
        "import jax.numpy as jnp\nfrom gradcompare.testing import assert_gradient\n"
        "def test_it(benchmark):\n"
        "    assert_gradient(lambda x: jnp.sum(x**3), lambda x: 3 * x**2, [1.0, 2.0],\n"
        "                    benchmark=benchmark)\n"
        "    assert benchmark.extra_info['analytic seconds'] > 0\n"
        "    assert benchmark.stats.stats.rounds > 1\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "."]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=_environment())
    assert run.returncode == 0, run.stdout + run.stderr


def _environment():
    import os

    root = str(Path(__file__).parent.parent)
    # In a process of pytest-xdist, the fixture does not measure.
    plain = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_XDIST")}
    return {**plain, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
