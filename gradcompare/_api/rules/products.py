"""What is compared of a rule: derivatives of a scalar that all results enter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._foundation.errors import InputError, outcome_of, require_count
from ..._foundation.layout import Layout, PyTree
from ..._foundation.precision import FLOAT64, precision_scope
from ..._foundation.user_code import describe
from ..._model.arguments.several import Product
from ..._model.arguments.signature import Signature
from ..._model.arguments.user_functions import Adapted, ByRule
from ..._results.result import Comparison
from ..several.quantity import Options, objective_of, run_quantity, signature_of
from .outcomes import Outcome
from .primals import Named, is_inexact
from .rule import AbstractRule, JaxRule

Derivative = Callable[[Named, Named, PyTree], Named]
"""Returns cotangents by the primals, for the other primals and the cotangent of the result."""


@dataclass(frozen=True)
class Products:
    """A rule with a random cotangent of the result of its function.

    Attributes:
        rule: The rule.
        cotangent: u, in the structure of the result.
        options: The options of the check.
    """

    rule: AbstractRule
    cotangent: PyTree
    options: Options

    @classmethod
    def of(cls, rule: AbstractRule, options: Options) -> "Products":
        """Draws a cotangent.

        Raises:
            InputError: if the function or its rule cannot be called at these primals.
        """
        some, others = rule.primals.divided(rule.primals.chosen)
        results = _shapes(rule.value, some, others)
        if isinstance(results, Exception):
            raise InputError(
                f"{rule.name} cannot be called: {describe(results)}; give primals that it takes"
            ) from results
        if not any(map(is_inexact, jax.tree.leaves(results))):
            raise InputError(f"{rule.name} has no floating result; a rule needs one")
        return cls(
            rule, random_like(results, require_count("seed", options.get("seed", 0), 0)), options
        )

    def signature(self, numbers: Sequence[int]) -> Signature:
        """Returns the arguments of the scalar: some primals, the others, and the cotangent."""
        some, others = self.rule.primals.divided(numbers)
        return signature_of((some, others, self.cotangent), {**self.options, "argnums": 0})

    def gradient(self, numbers: Sequence[int], derivative: Derivative) -> Adapted:
        """Returns a derivative as the engine calls it."""
        kind = ByRule if isinstance(self.rule, JaxRule) else Adapted
        return kind(derivative, self.signature(numbers), "gradient")

    def result(self, number: int) -> Comparison:
        """Checks the cotangent of one primal."""
        rule, signature = self.rule, self.signature([number])
        value = partial(scalar, rule.value)
        objective = replace(
            objective_of(value, signature, self.options),
            name=rule.primals.name(number),
            gradient=self.gradient([number], rule.cotangents),
        )
        if isinstance(rule, JaxRule):
            by_rule = partial(scalar, rule.value_by_rule)
            objective = replace(objective, reference=Adapted(by_rule, signature, "value"))
        return run_quantity(objective, "gradient", signature, self.options)

    def along(self, number: int) -> Comparison:
        """Checks the tangent of the result along a random tangent of one primal."""
        rule, signature = self.rule, self.signature([number])
        assert isinstance(rule, JaxRule)  # a pair on the host has no forward mode

        def results(some: Named, others: Named, cotangent: PyTree) -> Named:
            return _parts(rule.name, rule.value(some, others))

        def tangents(some: Named, t: Named, others: Named, cotangent: PyTree) -> Named:
            return _parts(rule.name, rule.moved({**others, **some}, t))

        objective = replace(
            objective_of(partial(scalar, rule.value), signature, self.options),
            name=rule.primals.name(number),
            residuals=Adapted(results, signature, "value"),
            jvp=Product(tangents, signature),
        )
        with precision_scope(FLOAT64):
            shapes = jax.eval_shape(results, *signature.joined(signature.params, signature.data))
        layout = Layout.of(shapes)
        return run_quantity(objective, "jvp", signature, self.options, None, layout)

    def second(self) -> Outcome:
        """Checks the derivative of the cotangents, with autodiff through the rule."""
        rule, chosen = self.rule, self.rule.primals.chosen
        if not isinstance(rule, JaxRule):
            return Outcome()  # nothing differentiates a function on the host
        some, others = rule.primals.divided(chosen)
        weights = random_like(some, self.options.get("seed", 0) + 1)

        def paired(derivative: Derivative, some: Named, others: Named, u: PyTree) -> Any:
            return dot(derivative(some, others, u), weights)

        def by_rule(some: Named, others: Named, u: PyTree) -> Named:
            differentiated = partial(paired, rule.cotangents)
            return jax.grad(differentiated, allow_int=True)(some, others, u)

        arguments = jax.tree.map(_copied, (some, others, self.cotangent))
        with precision_scope(FLOAT64):
            outcomes = [outcome_of(partial(each, *arguments)) for each in (by_rule, rule.without)]
        if isinstance(outcomes[0], Exception):
            reason = describe(outcomes[0])
            return Outcome(notes=(f"no second derivatives through the rule: {reason}",))
        first = rule.cotangents if isinstance(outcomes[1], Exception) else rule.without
        signature = self.signature(chosen)
        objective = replace(
            objective_of(partial(paired, first), signature, self.options),
            name="second-order",
            gradient=self.gradient(chosen, by_rule),
        )
        (result,) = run_quantity(objective, "gradient", signature, self.options).results
        if result.verdict.ok:
            return Outcome(("second derivatives",))
        place = "" if rule.place is None else f" ({rule.place.where})"
        sentence = (
            f"analytic is autodiff through the rule{place}, which has to be differentiable "
            "itself: look for stop_gradient, and for numbers that are computed outside of JAX"
        )
        return Outcome(results=(replace(result, notes=(*result.notes, sentence)),))


def scalar(function: Callable[..., PyTree], some: Named, others: Named, cotangent: PyTree) -> Any:
    """Returns the scalar whose gradient the rule gives for a cotangent u: Re Σ uᵢ yᵢ."""
    return dot(function(some, others), cotangent)


def dot(tree: PyTree, weights: PyTree) -> Any:
    """Returns the real part of the sum of products of the floating leaves of two trees."""
    pairs = zip(jax.tree.leaves(tree), jax.tree.leaves(weights), strict=True)
    traced = any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(tree))
    xp = jnp if traced else np
    return sum(xp.real(xp.sum(leaf * weight)) for leaf, weight in pairs if is_inexact(leaf))


def random_like(tree: PyTree, seed: int) -> PyTree:
    """Returns random numbers for the floating leaves, and for others what JAX takes there."""
    rng = np.random.default_rng([seed, Layout.of(tree).size])

    def drawn(leaf: Any) -> Any:
        if not is_inexact(leaf):
            return np.zeros(np.shape(leaf), jax.dtypes.float0)
        numbers = rng.standard_normal(np.shape(leaf))
        if not jnp.issubdtype(jnp.result_type(leaf), jnp.complexfloating):
            return numbers
        return numbers + 1j * rng.standard_normal(np.shape(leaf))

    return jax.tree.map(drawn, tree)


def _parts(name: str, results: PyTree) -> Named:
    """Returns the real and the imaginary parts of the floating results, by their names."""
    layout, leaves = Layout.of(results, root=name), jax.tree.leaves(results)
    named = {p: leaf for p, leaf in zip(layout.paths, leaves, strict=True) if is_inexact(leaf)}
    parts = {p: {"re": jnp.real(leaf), "im": jnp.imag(leaf)} for p, leaf in named.items()}
    return {p: parts[p] if jnp.iscomplexobj(leaf) else leaf for p, leaf in named.items()}


def _shapes(value: Callable[..., PyTree], some: Named, others: Named) -> PyTree:
    """Returns the results of a function, or their shapes, or the error that it raises."""
    copies = jax.tree.map(_copied, (some, others))
    with precision_scope(FLOAT64):
        called = outcome_of(lambda: value(*copies))
    return called if isinstance(called, Exception) else jax.tree.map(_copied, called)


def _copied(leaf: Any) -> Any:
    return np.array(leaf, dtype=_wide(leaf)) if is_inexact(leaf) else leaf


def _wide(leaf: Any) -> Any:
    return np.complex128 if np.iscomplexobj(leaf) else np.float64
