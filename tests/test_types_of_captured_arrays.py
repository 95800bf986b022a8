"""Arrays that a user's functions capture have one type in a check and another one outside of it.

JAX 0.10 mixes the two up for as long as a program with the array is there. Each script runs in a
process of its own: the rule is replaced once in a process.
"""

import logging
import subprocess
import sys

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from gradcompare._foundation import precision

SCRIPT = """
import sys
import jax, numpy as np
from functools import partial
from jax import numpy as jnp
import gradcompare
from gradcompare._foundation import precision

if "planted" in sys.argv:
    precision.separate_types = lambda: None

DATA = np.random.default_rng(0).standard_normal((20, 4))
X = np.ones(4)

def total(A, x, xp): return xp.sum((A @ x) ** 2)
def numpy_gradient(A, x): return 2 * (A @ np.asarray(x)) @ A

def as_numpy(A): return lambda x: float(total(A, x, np))
def as_jax(A): return lambda x: total(A, x, jnp)
def compiled(A): return jax.jit(lambda x: total(A, x, jnp))
def inside(A):
    product = jax.jit(lambda x: A @ x)
    return lambda x: jnp.sum(product(x) ** 2)
def loop(A):
    def body(s, i): return s + jnp.sum((A @ s) ** 2) * 1e-3, None
    return lambda x: jnp.sum(jax.lax.scan(body, x, jnp.arange(2))[0])

def later(name, A):
    try:  # as the user's own code uses the array
        types = {str((jnp.ones(20) @ A).dtype), str(jnp.sum(A).dtype), str(jnp.asarray(A).dtype)}
        print(name, *sorted(types))
    except Exception as error:
        print(name, type(error).__name__)

for make in (as_numpy, as_jax, compiled, inside, loop):
    for rows in (DATA.copy(), np.tile(DATA, (2, 1))[::2]):
        f = make(rows)
        gradient = None if make is loop else lambda x, A=rows: 2 * (A @ x) @ A
        kept = gradcompare.check(f, gradient, X)
        later(f"captured {make.__name__}", rows)

for make in (as_numpy, as_jax):
    rows = DATA.copy()
    kept = gradcompare.check(lambda x, A: make(A)(x), lambda x, A: 2 * (A @ x) @ A, X, rows)
    later(f"argument {make.__name__}", rows)

rows = DATA.copy()
used = compiled(rows)
used(X)  # in float32, before the check
right = gradcompare.check(used, partial(numpy_gradient, rows), X)
wrong = gradcompare.check(used, lambda x: (1 + 1e-9) * numpy_gradient(rows, x), X)
print("before", right.verdict.name == "AGREE" != wrong.verdict.name)
later("used before", rows)
"""


def outputs(*arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


MADE = ("as_numpy", "as_jax", "compiled", "inside", "loop")


def test_a_captured_array_is_float32_again_after_a_check():
    lines = outputs()
    captured = [f"captured {name} float32" for name in MADE for _ in range(2)]
    arguments = [f"argument {name} float32" for name in MADE[:2]]
    assert lines == [*captured, *arguments, "before True", "used before float32"]


@pytest.mark.sweep
@pytest.mark.skipif(
    not jax.__version__.startswith("0.10."), reason="other releases mix up nothing"
)
def test_without_the_rule_the_users_code_fails_after_a_check():
    lines = outputs("planted")
    for name in ("as_numpy", "compiled", "inside", "loop"):
        assert f"captured {name} float32" not in lines
    assert "before False" in lines


def test_a_rule_that_cannot_be_replaced_is_told(monkeypatch, caplog):
    monkeypatch.setattr(precision, "_mixes_types", lambda: True)
    monkeypatch.setattr(precision, "RULE", ("no_such_module", "literals"))
    with caplog.at_level(logging.WARNING, "gradcompare"):
        precision.separate_types.__wrapped__()
    assert "mixes up float64 and float32 of captured arrays" in caplog.text


def test_arrays_of_all_kinds_are_taken_as_before(tmp_path):
    with precision.precision_scope(precision.FLOAT64):
        pass
    assert not precision._mixes_types()
    numbers = np.arange(3)
    assert jnp.sum(numbers).dtype == np.int32
    assert jnp.sum(numbers > 1) == 1
    mapped = np.memmap(tmp_path / "numbers", dtype=np.float64, mode="w+", shape=(3,))
    assert (jnp.ones(3) + mapped).dtype == np.float32
    # A function of its own: JAX does not look at the class of arguments of one that is compiled.
    with pytest.raises(ValueError, match="masked"):
        jax.jit(lambda x: x + 1)(np.ma.array([1.0]))
    with jax.enable_x64(True):
        assert jnp.sum(numbers).dtype == np.int64


def test_an_array_used_twice_is_one_constant():
    rows = np.ones((20, 4))
    with precision.precision_scope(precision.FLOAT64):
        traced = jax.make_jaxpr(lambda x: jnp.matmul(x, rows) + jnp.matmul(2 * x, rows))(
            np.ones(20)
        )
    assert len(traced.consts) == 1
