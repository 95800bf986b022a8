"""The complex step: a derivative from one value at a complex point, without a difference.

For an f that is real on the real line and holomorphic near it,

    f(x + ih eᵢ) = f(x) + ih ∂ᵢf(x) − h²/2 ∂ᵢ²f(x) − …,    ∂ᵢf(x) = Im f(x + ih eᵢ) / h + O(h²),

and nothing cancels, so h may be so small that O(h²) vanishes (W. Squire & G. Trapp, Using complex
variables to estimate derivatives of real functions, SIAM Rev. 40 (1998), 110–112).

Many operations of JAX programs are not holomorphic (abs, max, where, sort, norms), and some
fail silently: through `logaddexp` and `softplus` the result was wrong by 98 %. So a value counts
only where plain central differences confirm it within their error bar.
"""

from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp
import numpy as np

from .._evaluation.function import Function
from .._evaluation.near.chunks import map_chunks
from .._foundation.wording import listed
from .._model.estimate import Estimate
from ._base import AbstractEvaluator, AbstractMethod
from .finite_difference import Central

UNCONFIRMED = "not confirmed by differences, so perhaps not holomorphic, at"


@dataclass(frozen=True)
class ComplexStep(AbstractMethod):
    """The complex step, confirmed by central differences.

    Attributes:
        step: The imaginary step h.
    """

    label: ClassVar = "complex-step"
    symbol: ClassVar = "Z"
    source: ClassVar = "differences"
    standard: ClassVar = False

    step: float = 1e-20

    def estimate(self, evaluator: AbstractEvaluator) -> Estimate:
        value = evaluator.run(self, self._function(evaluator))
        central = Central().estimate(evaluator)
        # Without a difference nothing cancels: the result is as exact as a few operations.
        rounding = 8 * float(jnp.finfo(evaluator.dtype).eps) * np.abs(value)
        confirmed = np.abs(value - central.value) <= central.error + rounding
        layout = evaluator.problem.output
        names = [layout.name(int(i)) for i in np.flatnonzero(~confirmed)]
        return Estimate(
            value,
            np.where(confirmed, rounding, np.inf),
            evaluations=len(value) + central.evaluations,
            note=f"{UNCONFIRMED} {listed(names)}" if names else "",
        )

    def _function(self, evaluator: AbstractEvaluator) -> Function:
        value, layout = evaluator.problem.objective.value, evaluator.problem.layout
        chunk = evaluator.chunk

        def gradient(params, data, direction):
            x = layout.ravel(params)

            def partial(i):
                moved = x + 1j * jnp.zeros_like(x).at[i].set(self.step)
                return jnp.imag(value(layout.unflatten(moved), data)) / self.step

            return map_chunks(partial, (jnp.arange(layout.size),), chunk, x.dtype)

        def slope(params, data, direction):
            moved = layout.ravel(params) + 1j * self.step * layout.ravel(direction)
            return jnp.imag(value(layout.unflatten(moved), data)) / self.step

        return gradient if evaluator.problem.quantity == "gradient" else slope


METHODS = (ComplexStep(),)
