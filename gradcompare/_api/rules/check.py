"""`check_rule`: a rule for a derivative, looked at as its author would."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Unpack

import jax
import numpy as np

from ..._foundation.errors import InputError, optional, outcome_of
from ..._foundation.layout import PyTree
from ..._foundation.precision import FLOAT64, precision_scope
from ..._foundation.user_code import describe
from ..._foundation.wording import listed
from ..._introspection.jax_internals import parts_of_rule
from ..._model.arguments.complex_parts import ComplexConvention, require_convention
from ..._model.arguments.validation import require_function, shown
from ..._results.result import Comparison
from ..several.quantity import Options
from .further import further
from .outcomes import Outcome
from .primals import Primals, in_float64
from .products import Products
from .repairs import named
from .rule import AbstractRule, HostRule, JaxRule


def check_rule(
    f: Callable[..., PyTree],
    *primals: Any,
    backward: Callable[..., Any] | None = None,
    second_order: bool = True,
    complex_convention: ComplexConvention = "jax",
    **options: Unpack[Options],
) -> Comparison:
    """Checks a rule for the derivative of a function, as its author would.

    The rule is compared with autodiff of the same function without its rule and with finite
    differences, for each primal and a random cotangent. It is also called in float32, under
    `jax.vmap`, with large cotangents, at primals of zero and at large ones, and differentiated
    once more.

    Args:
        f: A function decorated with `jax.custom_vjp` or `jax.custom_jvp`, or the forward half of
            a pair of functions on the host.
        primals: Its arguments. Those without floats, and those of `nondiff_argnums`, are passed
            on and not differentiated.
        backward: The other half of a pair: `backward(cotangent, *primals)` gives a tuple with the
            cotangent of each primal, None where there is none.
        second_order: Whether second derivatives through a rule of JAX are checked as well.
        complex_convention: What a pair means by complex cotangents: `jax`, or `ascent` for the
            conjugates, as PyTorch has them.
        options: See `check`; `argnums` are the primals to check, all by default.

    Returns:
        A comparison with one result for each primal, by its name, and one for each other fault.

    Raises:
        InputError: if an argument cannot be used, or the rule gives no cotangents that fit.

    Examples:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> @jax.custom_vjp
        ... def scaled(x, y):
        ...     return jnp.sin(x) * y
        >>> def forward(x, y):
        ...     return scaled(x, y), (x, y)
        >>> def backward(residuals, u):
        ...     x, y = residuals
        ...     return u * jnp.cos(x) * y, u * jnp.sin(x)
        >>> scaled.defvjp(forward, backward)
        >>> check = gradcompare.check_rule(scaled, 0.6, 0.8)
        >>> [(result.objective, result.verdict.name) for result in check.results]
        [('x', 'AGREE'), ('y', 'AGREE')]
    """
    rule = _rule_of(f, primals, backward, options.get("argnums"), complex_convention)
    products = Products.of(rule, options)
    pulls = _require_rule(products)
    run = products.result if pulls else products.along
    runs = [run(number) for number in rule.primals.chosen]
    results = [r for each in runs for r in each.results]
    results = [
        optional("the diagnosis of a rule", partial(named, products, result, number), result)
        for result, number in zip(results, rule.primals.chosen, strict=True)
    ]
    ok, outcome = all(result.verdict.ok for result in results), Outcome()
    if pulls:
        outcome = optional("the further checks of a rule", partial(further, products), outcome)
        if second_order and ok:
            outcome += products.second()
    notes = _sentences(rule, outcome, ok=ok, pulls=pulls)
    results = [replace(result, notes=(*result.notes, *notes)) for result in results]
    return replace(runs[0], results=(*results, *outcome.results))


def _rule_of(
    f: Any,
    values: tuple,
    backward: Callable[..., Any] | None,
    argnums: Any,
    convention: ComplexConvention,
) -> JaxRule | HostRule:
    """Returns the rule of a call of `check_rule`.

    Raises:
        InputError: if there is none, or the primals do not fit.
    """
    require_convention(convention)
    require_function("f", f, ", and the primals after it")
    if not values:
        raise InputError("no primals are given; give those at which f is called")
    if backward is not None:
        require_function("backward", backward)
        return HostRule(f, f, Primals.of(f, values, (), argnums), backward, convention)
    function = f
    while not isinstance(function, (jax.custom_jvp, jax.custom_vjp)):
        function = getattr(function, "__wrapped__", None)  # as a compiled function has it
        if function is None:
            raise InputError(
                f"{shown(f)} has no rule of its own; give a function decorated with "
                "jax.custom_vjp or jax.custom_jvp, or the other half of a pair as "
                "backward=; check(f, None, x) checks autodiff of a function that calls such ones"
            )
    constant, *rules = parts_of_rule(function)
    plain = function.__wrapped__
    primals = Primals.of(plain, values, constant or (), argnums)
    return JaxRule(f, plain, primals, *rules)


def _require_rule(products: Products) -> bool:
    """Returns whether the rule gives cotangents; False for one of forward mode alone.

    Raises:
        InputError: if it can be called in neither way.
    """
    rule = products.rule
    some, others = in_float64(rule.primals.divided(rule.primals.chosen))
    arguments = some, others, products.cotangent
    with precision_scope(FLOAT64), np.errstate(all="ignore"):
        if isinstance(rule, JaxRule) and rule.backward is not None:
            # Its own errors name the primal and say what is needed.
            fits = outcome_of(lambda: jax.eval_shape(lambda: rule.rerun(*arguments, {})))
            if isinstance(fits, InputError):
                raise fits
        outcome = outcome_of(lambda: rule.cotangents(*arguments))
        if not isinstance(outcome, Exception):
            return True
        if isinstance(rule, JaxRule) and rule.tangent is not None:
            forward = outcome_of(lambda: rule.moved({**others, **some}, some))
            if not isinstance(forward, Exception):
                return False
    if isinstance(outcome, InputError):
        raise outcome
    raise InputError(
        f"the rule of {rule.name} cannot be called: {describe(outcome)}; correct it first"
    ) from outcome


def _sentences(rule: AbstractRule, outcome: Outcome, *, ok: bool, pulls: bool) -> tuple[str, ...]:
    """Returns what a reader has to know beside the results."""
    place, written = rule.place, rule.written
    word = getattr(written, "__name__", "")
    what = f" `{word}`" if word and "<" not in word else ""
    what = f"analytic is the rule{what}{'' if place is None else f' ({place.where})'}"
    if isinstance(rule, JaxRule):
        what += f", reverse is autodiff of {rule.name} without it"
        what += ", and the reference is the value by the rule" if pulls else ""
    start = "the rule also holds for" if ok else "no other fault was found with"
    right = [f"{start} {listed(outcome.right)}"] if outcome.right else []
    mode = "the rule has no reverse mode, since it cannot be transposed: tangents were compared"
    return (what, *right, *outcome.notes, *([] if pulls else [mode]))
