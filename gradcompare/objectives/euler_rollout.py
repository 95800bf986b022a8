r"""Rollout of a network by Euler steps: a neural ODE, fitted to trajectories.

From m given states X₀ (m × n), one in each row, T steps of length τ follow the vector field of a
network with p units, weights V (n × p) and W (p × n) and biases b (p). Against targets Y₁, …, Y_T,

    Zₖ = tanh(Xₖ V + 1bᵀ),    Xₖ₊₁ = Xₖ + τ Zₖ W,    f(V, b, W) = (τ/2m) Σₖ ‖Xₖ − Yₖ‖².

The discrete adjoint Λₖ is the derivative by Xₖ through all the later states, and τ Eₖ that by
the argument of the tanh. From Λ_{T+1} = 0 and E_T = 0 backwards,

    Λₖ = (τ/m) (Xₖ − Yₖ) + Λₖ₊₁ + τ Eₖ Vᵀ,    Eₖ = (Λₖ₊₁ Wᵀ) ∘ (1 − Zₖ ∘ Zₖ),
    ∂f/∂V = τ Σₖ XₖᵀEₖ,    ∂f/∂b = τ Σₖ Eₖᵀ1,    ∂f/∂W = τ Σₖ ZₖᵀΛₖ₊₁.

Along a direction (V̇, ḃ, Ẇ) the states change by the tangent recursion from Ẋ₀ = 0,

    Żₖ = (1 − Zₖ ∘ Zₖ) ∘ (Ẋₖ V + Xₖ V̇ + 1ḃᵀ),    Ẋₖ₊₁ = Ẋₖ + τ (Żₖ W + Zₖ Ẇ),

and the adjoint by the same recursion as before, with other sources,

    Λ̇ₖ = (τ/m) Ẋₖ + τ Eₖ V̇ᵀ + Λ̇ₖ₊₁ + τ Ėₖ Vᵀ,
    Ėₖ = (Λ̇ₖ₊₁ Wᵀ) ∘ (1 − Zₖ ∘ Zₖ) + (Λₖ₊₁ Ẇᵀ) ∘ (1 − Zₖ ∘ Zₖ) − 2 (Λₖ₊₁ Wᵀ) ∘ Zₖ ∘ Żₖ,

and the Hessian-vector product is the change of the gradient by the product rule.

See Chen, Rubanova, Bettencourt & Duvenaud, Advances in Neural Information Processing Systems 31
(2018), for the model, and Giles & Pierce, Flow, Turbulence and Combustion 65 (2000), 393–415, for
the adjoint of the discrete equations, which is the exact gradient; that of the differential
equation is not.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective

STEPS = 16
TRAJECTORIES = 8


class Params(NamedTuple):
    V: Float[Array, "n p"]
    b: Float[Array, " p"]
    W: Float[Array, "p n"]


class Data(NamedTuple):
    start: Float[Array, "m n"]
    Y: Float[Array, "T m n"]
    tau: float


class Rollout(NamedTuple):
    """The states before each step, the units in it, and the states after it."""

    X: Float[Array, "T m n"]
    Z: Float[Array, "T m p"]
    after: Float[Array, "T m n"]


def rollout(params: Params, data: Data) -> Rollout:
    """Goes through the steps Xₖ₊₁ = Xₖ + τ tanh(Xₖ V + 1bᵀ) W."""

    def step(X, _):
        Z = jnp.tanh(X @ params.V + params.b)
        after = X + data.tau * Z @ params.W
        return after, Rollout(X, Z, after)

    return jax.lax.scan(step, data.start, length=len(data.Y))[1]


def tangent(params: Params, direction: Params, run: Rollout, tau: float) -> Rollout:
    """Goes through the changes of the steps along the direction."""
    inputs = run.X @ direction.V + direction.b, run.Z @ direction.W

    def step(X_, at):
        Z, by_input, by_output = at
        Z_ = (1 - Z**2) * (X_ @ params.V + by_input)
        after = X_ + tau * (Z_ @ params.W + by_output)
        return after, Rollout(X_, Z_, after)

    return jax.lax.scan(step, jnp.zeros_like(run.X[0]), (run.Z, *inputs))[1]


def adjoint(
    params: Params, Z: Float[Array, "T m p"], tau: float, by_state: Array, by_unit: Array
) -> tuple[Float[Array, "T m n"], Float[Array, "T m p"]]:
    """Goes backwards through the adjoint recursion.

    Args:
        params: V and W of the recursion.
        Z: The units in each step.
        tau: The length of a step.
        by_state: What is added to Λₖ₊₁ beside what comes from later steps.
        by_unit: What is added to Eₖ beside (Λₖ₊₁ Wᵀ) ∘ (1 − Zₖ ∘ Zₖ).

    Returns:
        Λₖ₊₁ and Eₖ for k = 0, …, T − 1.
    """

    def step(later, at):
        slope, by_state, by_unit = at
        L = by_state + later
        E = (L @ params.W.T) * slope + by_unit
        return L + tau * E @ params.V.T, (L, E)

    start = jnp.zeros_like(by_state[0])
    return jax.lax.scan(step, start, (1 - Z**2, by_state, by_unit), reverse=True)[1]


def pairs(A: Float[Array, "T m p"], B: Float[Array, "T m n"]) -> Float[Array, "p n"]:
    """Returns Σₖ AₖᵀBₖ."""
    return jnp.tensordot(A, B, ((0, 1), (0, 1)))


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(V, b, W) = (τ/2m) Σₖ ‖Xₖ − Yₖ‖², Xₖ₊₁ = Xₖ + τ tanh(Xₖ V + 1bᵀ) W."""
    errors = rollout(params, data).after - data.Y
    return data.tau / (2 * len(data.start)) * jnp.sum(errors**2)


def gradient(params: Params, data: Data) -> Params:
    """∂f/∂V = τ Σₖ XₖᵀEₖ, ∂f/∂b = τ Σₖ Eₖᵀ1 and ∂f/∂W = τ Σₖ ZₖᵀΛₖ₊₁."""
    run, tau = rollout(params, data), data.tau
    errors = tau / len(data.start) * (run.after - data.Y)
    L, E = adjoint(params, run.Z, tau, errors, jnp.zeros_like(run.Z))
    return Params(tau * pairs(run.X, E), tau * jnp.sum(E, axis=(0, 1)), tau * pairs(run.Z, L))


def hvp(params: Params, direction: Params, data: Data) -> Params:
    """The change of the gradient, from the tangent of the states and of their adjoint."""
    run, tau = rollout(params, data), data.tau
    errors = tau / len(data.start) * (run.after - data.Y)
    L, E = adjoint(params, run.Z, tau, errors, jnp.zeros_like(run.Z))
    X_, Z_, after_ = tangent(params, direction, run, tau)
    from_next = jnp.append(E[1:] @ direction.V.T, jnp.zeros_like(L[:1]), axis=0)
    by_state = tau / len(data.start) * after_ + tau * from_next
    by_unit = (L @ direction.W.T) * (1 - run.Z**2) - 2 * (L @ params.W.T) * run.Z * Z_
    L_, E_ = adjoint(params, run.Z, tau, by_state, by_unit)
    V = tau * (pairs(X_, E) + pairs(run.X, E_))
    return Params(V, tau * jnp.sum(E_, axis=(0, 1)), tau * (pairs(Z_, L) + pairs(run.Z, L_)))


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws a network for states of `size` numbers, and trajectories of another one with noise.

    It has 2 × `size` units, 4 size² + 2 size parameters: 42 at size 3, 420 at 10, 3660 at 30.
    """

    def draw():
        V = rng.standard_normal((size, 2 * size)) / np.sqrt(size)
        W = rng.standard_normal((2 * size, size)) / np.sqrt(2 * size)
        return Params(V, 0.5 * rng.standard_normal(2 * size), W)

    params, true, tau = draw(), draw(), 2 / STEPS
    states = [rng.standard_normal((TRAJECTORIES, size))]
    for _ in range(STEPS):
        states.append(states[-1] + tau * np.tanh(states[-1] @ true.V + true.b) @ true.W)
    Y = np.stack(states[1:])
    return params, Data(states[0], Y + 0.05 * rng.standard_normal(Y.shape), tau)


OBJECTIVES = (
    Objective(
        name="euler-rollout",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda p: {"at rest": p._replace(W=0 * p.W), "saturated": p._replace(V=5 * p.V)},
        sizes=(3, 10, 30),
        family="physics and geometry",
        tags=("recursion", "adjoint"),
        source="Chen, Rubanova, Bettencourt & Duvenaud, NeurIPS 31 (2018); Giles & Pierce, "
        "Flow Turbul. Combust. 65 (2000)",
        convention=Convention(reduction="mean"),
    ),
)
