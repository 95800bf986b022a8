"""The expression that an operation comes from: file, line, column, text, over several lines."""

import jax
import numpy as np
import pytest

from gradcompare._foundation.user_code import Place
from gradcompare._introspection.jaxprs import place_of

CODE = """import jax.numpy as jnp


def value(w):
    größe = jnp.sum(w**2); rest = 3 * jnp.sin(w[0])
    return größe + jnp.sum(
        jnp.where(w > 0, w, -w)
    ) + rest
"""


@pytest.fixture(name="places")
def _places(tmp_path):
    file = tmp_path / "loss.py"
    file.write_text(CODE, encoding="utf-8")
    names: dict = {}
    exec(compile(CODE, str(file), "exec"), names)
    traced = jax.make_jaxpr(names["value"])(np.ones(3, np.float32))
    return {str(place): place for place in map(place_of, traced.jaxpr.eqns)}


@pytest.mark.parametrize(
    ("said", "column", "calls"),
    [
        ("`w**2` (loss.py:5)", 21, ""),
        ("`jnp.sin(w[0])` (loss.py:5)", 39, "sin"),
        ("`jnp.where(w > 0, w, -w)` (loss.py:7)", 9, "where"),
        ("`jnp.sum( jnp.where(w > 0, w, -w) )` (loss.py:6)", 20, "sum"),
    ],
)
def test_the_expression_of_an_operation(places, said, column, calls):
    assert (places[said].column, places[said].calls) == (column, calls)


def test_a_library_is_not_the_users_code(places):
    assert all(place.file.endswith("loss.py") for place in places.values())


def test_a_cell_of_a_notebook_is_no_file():
    assert Place("/tmp/ipykernel_42/1448770384.py", 8).where == "cell:8"
    assert Place("/tmp/loss.py", 8).where == "loss.py:8"
