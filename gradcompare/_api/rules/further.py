"""Further checks of a rule: large cotangents, float32, batches, numbers that are not finite."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ..._foundation.errors import outcome_of
from ..._foundation.layout import Layout, PyTree
from ..._foundation.precision import FLOAT64, precision_scope
from ..._foundation.user_code import describe
from ..._foundation.wording import listed, short
from ..._model.verdict import Explanation
from ..._results.result import Result
from .outcomes import Outcome, failure, wrong
from .places import place_of_cotangent
from .primals import Named, apart, each_of, flat, in_float64, in_types, is_inexact
from .products import Products, random_like
from .rule import AbstractRule, JaxRule

SAME = 1e-6
"""Largest relative difference of two results in float64 that count as the same."""

COARSE = 1e-3
"""Relative error of a rule in float32 from which it is a fault."""

WORSE = 100.0
"""Least ratio of the error of a rule in float32 to that of autodiff if it is a fault."""

LARGE = 1e3
"""Size of primals, and of cotangents, at which numbers that overflow are looked for."""

CLOSE = 1e-6
"""Distance of two values that show whether the slope of a function is finite."""

LINEAR = Explanation(
    "the rule is not linear in the cotangent",
    "Multiply by the cotangent; do not clip, round or take its absolute value.",
)
BATCHED = Explanation(
    "under jax.vmap the rule gives other cotangents than one call after another",
    "Look for a shape, an axis or a sum that counts the batch.",
)
NARROW = Explanation(
    "in float32 the rule is not what it is in float64",
    "Look for a difference of numbers that are almost equal, or for one that overflows.",
)
NOT_FINITE = Explanation(
    "the rule gives a number that is not finite, where the function and its slope are finite",
    "Guard the operation of the rule that overflows or divides by zero.",
)


def further(products: Products) -> Outcome:
    """Returns what all further checks gave, except that of the second order."""
    rule = products.rule
    some, others = in_float64(rule.primals.divided(rule.primals.chosen))
    probe = Probe(rule, some, others, products.cotangent)
    with np.errstate(all="ignore"):
        with precision_scope(FLOAT64):
            outcome = probe.linear(random_like(probe.u, products.options.get("seed", 0) + 2))
            outcome += probe.batched() + probe.residuals()
            if not {"bounds", "domain"} & products.options.keys():
                outcome += probe.finite()
        return outcome + probe.narrow()


@dataclass(frozen=True)
class Probe:
    """A rule at one point.

    Attributes:
        rule: The rule.
        some: The primals that are differentiated, as arrays of NumPy.
        others: The other primals.
        u: A cotangent of the result.
    """

    rule: AbstractRule
    some: Named
    others: Named
    u: PyTree

    def pulled(self, some: Named) -> Named:
        """Returns the cotangents at other primals."""
        return self.rule.cotangents(some, self.others, self.u)

    def wrong(
        self, name: str, what: str, columns: Mapping[str, Any], why: Explanation, label: str = "x0"
    ) -> Result:
        """Returns the result for a primal whose cotangent is not what it should be."""
        place = place_of_cotangent(self.rule, (self.some, self.others, self.u), name)
        layout, x = each_of(self.some)[name]
        return wrong(f"{name}-{what}", layout, x, columns, why, place, label)

    def linear(self, v: PyTree) -> Outcome:
        """Compares the cotangents for a sum of large cotangents with the sum of theirs."""

        def combined(a: Any, b: Any) -> Any:
            return LARGE * a - b if is_inexact(a) else a

        cotangents = (self.u, v, jax.tree.map(combined, self.u, v))
        first, second, both = (
            self.rule.cotangents(self.some, self.others, each) for each in cotangents
        )
        results = []
        for name, (layout, _) in each_of(self.some).items():
            parts = LARGE * flat(first[name], layout) - flat(second[name], layout)
            columns = {"rule": flat(both[name], layout), "sum of parts": parts}
            if apart(*columns.values()) > SAME:
                results.append(self.wrong(name, "linearity", columns, LINEAR))
        return Outcome.of("large cotangents", results)

    def batched(self) -> Outcome:
        """Compares the rule under `jax.vmap` with one call after another."""
        rule = self.rule
        if not isinstance(rule, JaxRule):
            return Outcome()
        rows = [jax.tree.map(partial(_scaled, factor), self.some) for factor in (1.0, 0.95)]
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *rows)
        together = outcome_of(lambda: jax.vmap(self.pulled)(stacked))
        if isinstance(together, Exception):
            plain = outcome_of(lambda: jax.vmap(lambda x: rule.value(x, self.others))(stacked))
            sentence = f"under jax.vmap the rule raises {describe(together)}"
            if isinstance(plain, Exception):
                return Outcome(notes=(f"{sentence}; so does {rule.name} without its rule",))
            return Outcome(results=(failure("under-vmap", sentence),))
        alone = [self.pulled(row) for row in rows]
        results = []
        for name, (layout, _) in each_of(self.some).items():
            for k, one in enumerate(alone):
                row = jax.tree.map(lambda leaf, k=k: leaf[k], together[name])
                columns = {"under vmap": flat(row, layout), "alone": flat(one[name], layout)}
                if apart(*columns.values()) > SAME:
                    results.append(self.wrong(name, "under-vmap", columns, BATCHED))
                    break
        return Outcome.of("jax.vmap", results)

    def residuals(self) -> Outcome:
        """Looks for residuals that are not finite at the point."""
        operands = outcome_of(lambda: self.rule.operands(self.some, self.others))
        if isinstance(operands, Exception):
            return Outcome()
        bad = [str(k) for k, v in enumerate(operands) if not _is_finite(v)]
        return Outcome(notes=(f"not finite at x0: residual {listed(bad)}",) if bad else ())

    def finite(self) -> Outcome:
        """Looks for cotangents that are not finite at primals of zero and at large ones."""
        results = []
        for name, (layout, _) in each_of(self.some).items():
            for label, changed in _extremes(self.some, name):
                tested = outcome_of(partial(self.pulled, changed))
                if isinstance(tested, Exception) or _is_finite(tested[name]):
                    continue
                wanted = self._finite_slope(changed, name, layout)
                if wanted is not None:
                    columns = {"rule": flat(tested[name], layout), "finite": wanted}
                    where = (f"at-{label}", columns, NOT_FINITE, f"{name} = {label}")
                    results.append(self.wrong(name, *where))
        return Outcome.of("primals of 0 and ±1000", results)

    def _finite_slope(
        self, some: Named, name: str, layout: Layout
    ) -> Float[np.ndarray, " d"] | None:
        """Returns the cotangent without the rule if it and the value are finite; else None.

        On the host it is the mean slope along the diagonal.
        """
        rule, h = self.rule, CLOSE
        shifted = [
            {**some, name: jax.tree.map(partial(_moved, s), some[name])} for s in (0, h, -h)
        ]
        values = outcome_of(lambda: [rule.value(each, self.others) for each in shifted])
        if isinstance(values, Exception) or not _is_finite(values):
            return None
        if isinstance(rule, JaxRule):
            plain = outcome_of(lambda: rule.without(some, self.others, self.u)[name])
            failed = isinstance(plain, Exception) or not _is_finite(plain)
            return None if failed else flat(plain, layout)
        leaves = zip(*map(jax.tree.leaves, (values[1], values[2], self.u)), strict=True)
        change = sum(np.sum(np.real((a - b) * u)) for a, b, u in leaves if is_inexact(a))
        return np.full(layout.size, change / (2 * h * layout.size))

    def narrow(self) -> Outcome:
        """Compares the rule in float32 with float64 at the same numbers."""
        rule, arguments = self.rule, (self.some, self.others, self.u)
        arguments = in_types(arguments, np.float32, np.complex64)
        narrow, wide = _in_both(rule.cotangents, arguments)
        plain = _in_both(rule.without, arguments) if isinstance(rule, JaxRule) else ()
        beside = () if any(isinstance(each, Exception) for each in plain) else plain
        if isinstance(narrow, Exception):
            sentence = f"in float32 the rule raises {describe(narrow)}"
            if beside:
                return Outcome(results=(failure("in-float32", sentence),))
            return Outcome(notes=(sentence,))
        largest, results = 0.0, []
        for name, (layout, _) in each_of(self.some).items():
            columns = {
                "float32": flat(narrow[name], layout),
                "float64": flat(wide[name], layout),
            }
            error = apart(*columns.values())
            allowed = WORSE * apart(*(flat(each[name], layout) for each in beside or (wide, wide)))
            largest = max(largest, error)
            if error > max(COARSE, allowed):
                results.append(self.wrong(name, "in-float32", columns, NARROW))
        return Outcome.of(f"float32 (relative error {short(largest, 2)})", results)


def _in_both(function: Callable[..., Named], arguments: tuple) -> tuple[Any, ...]:
    """Returns what a function gives in float32 and in float64, or the errors that it raises."""
    outcomes = []
    for dtype, each in ((np.float32, arguments), (np.float64, in_float64(arguments))):
        with precision_scope(np.dtype(dtype)):
            outcome = outcome_of(partial(function, *each))
            failed = isinstance(outcome, Exception)
            outcomes.append(outcome if failed else jax.tree.map(np.asarray, outcome))
    return tuple(outcomes)


def _extremes(some: Named, name: str) -> Iterator[tuple[str, Named]]:
    for number in (0.0, LARGE, -LARGE):
        primal = jax.tree.map(
            partial(_moved, number), jax.tree.map(partial(_scaled, 0), some[name])
        )
        yield short(number), {**some, name: primal}


def _scaled(factor: float, leaf: Any) -> Any:
    return factor * leaf if is_inexact(leaf) else leaf


def _moved(step: float, leaf: Any) -> Any:
    return leaf + step if is_inexact(leaf) else leaf


def _is_finite(tree: PyTree) -> bool:
    return all(np.all(np.isfinite(v)) for v in jax.tree.leaves(tree) if is_inexact(v))
