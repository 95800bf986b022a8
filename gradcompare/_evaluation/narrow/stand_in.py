"""A traced function with float64 in place of narrower types, traced again."""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun
from jaxtyping import Float

from ..._foundation.layout import PyTree
from ..._introspection.jaxprs import dtype_of
from ..._introspection.narrow.widening import Widening

MOST = 8
"""Number of literals up to which each is moved by itself; more are moved together, at random."""


def in_float64(traced: Any, args: tuple) -> Any:
    """Returns a traced function with float64 in place of narrower types.

    Raises:
        CannotWidenError: if it has an operation without a meaning in float64.
    """
    structure, run = jax.tree.structure(traced.out_info), _wide(traced.jaxpr)
    return jax.jit(lambda *args: structure.unflatten(run(*args))).trace(*args)


def variants(
    program: ClosedJaxpr, literals: Collection[complex]
) -> Callable[..., Float[np.ndarray, "n k"]]:
    """Returns the function with literals moved by half a unit of their narrow type.

    The first row of its result is without a move. In the others one literal each is moved, or
    all of them in random directions.
    """
    if len(literals) <= MOST:
        moves = [{literal: 1.0} for literal in literals]
    else:
        signs = np.random.default_rng(0).choice([-1.0, 1.0], (MOST, len(literals)))
        moves = [dict(zip(literals, row.tolist(), strict=True)) for row in signs]
    runs = [_wide(program, moved) for moved in ({}, *moves)]

    @jax.jit
    def rows(*args: PyTree):
        results = [[jnp.ravel(leaf) for leaf in run(*args)] for run in runs]
        return jnp.stack([jnp.concatenate(each) for each in results])

    return rows


def bound(rows: Float[np.ndarray, "n k"]) -> Float[np.ndarray, " k"]:
    """Returns how far all literals together can move the results of `variants`, to first order.

    The sum of the displacements is that bound if each literal is moved by itself; for `MOST`
    random directions of many literals it is several times their standard deviation.
    """
    return np.sum(np.abs(rows[1:] - rows[0]), axis=0)


def _wide(
    program: ClosedJaxpr, moved: Mapping[complex, float] = MappingProxyType({})
) -> Callable[..., list[Any]]:
    wide = Widening(moved).of(program)
    run, dtypes = jaxpr_as_fun(wide), [dtype_of(v) for v in wide.jaxpr.invars]

    def called(*args: PyTree) -> list[Any]:
        leaves = zip(jax.tree.leaves(args), dtypes, strict=True)
        return run(*(jnp.asarray(leaf, dtype) for leaf, dtype in leaves))

    return called
