"""What can be read off a traced program before it runs."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn


def equations(jaxpr: Jaxpr) -> Iterator[JaxprEqn]:
    """Yields every equation of a program, those of its inner programs included."""
    for equation in jaxpr.eqns:
        yield equation
        for inner in jax.tree.leaves(equation.params, is_leaf=_is_jaxpr):
            if _is_jaxpr(inner):
                yield from equations(getattr(inner, "jaxpr", inner))


def multiplies_matrices(jaxpr: Jaxpr) -> bool:
    """Says whether a program contains a product with a matrix, or a convolution."""
    return any(
        equation.primitive.name == "conv_general_dilated"
        or (
            equation.primitive.name == "dot_general"
            and any(getattr(operand.aval, "ndim", 0) > 1 for operand in equation.invars)
        )
        for equation in equations(jaxpr)
    )


def coarsest_epsilon(jaxpr: Jaxpr) -> float:
    """The unit of rounding of the narrowest floating type in which a program computes."""
    dtypes = [
        getattr(result.aval, "dtype", None)
        for equation in equations(jaxpr)
        for result in equation.outvars
    ]
    floating = [d for d in dtypes if d is not None and jnp.issubdtype(d, jnp.floating)]
    return max((float(jnp.finfo(d).eps) for d in floating), default=0.0)


def _is_jaxpr(value: object) -> bool:
    return isinstance(value, (Jaxpr, ClosedJaxpr))
