"""`check`: one function of the user, with SciPy's order of arguments."""

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from .._engine.settings import Case, Settings, make_settings
from .._foundation.layout import PyTree
from .._foundation.precision import FLOAT64
from .._model.arguments.complex_parts import ComplexConvention
from .._model.arguments.signature import Signature
from .._model.arguments.user_functions import Adapted, as_objective
from .._model.arguments.validation import as_point, require_function
from .._model.convention import Convention, Intent, Wrt
from .._model.manifold.functions import OnManifold
from .._model.objective import Objective
from .._model.problem import Problem
from .._results.result import Comparison, Result
from ..methods._base import AbstractMethod
from ..methods._other import with_other
from ..methods._registry import voting_methods
from .several.points import cases_at, run_at_points, signatures_at
from .tighter import tightened


def check(
    value: Callable[..., Any],
    gradient: Callable[..., PyTree] | Literal[True] | None,
    x0: PyTree,
    *args: Any,
    argnums: int | Sequence[int] = 0,
    methods: Iterable[str | AbstractMethod] | None = None,
    direction: PyTree | None = None,
    bounds: tuple[PyTree, PyTree] = (-math.inf, math.inf),
    domain: PyTree | None = None,
    wrt: Wrt = "parameters",
    sign: Literal[1, -1] = 1,
    scale: float = 1.0,
    symmetric: bool = False,
    complex_convention: ComplexConvention = "jax",
    intent: Intent = "gradient",
    retraction: Callable[..., PyTree] | None = None,
    reference: Callable[..., Any] | None = None,
    other: Callable[..., PyTree] | None = None,
    accuracy: float | None = None,
    tighter: str | tuple[Callable[..., Any], Callable[..., Any]] | None = None,
    points: int = Settings.points,
    tails: bool = False,
    at: PyTree | None = None,
    seed: int = 0,
    dtype: str = "float64",
    device: str | None = None,
    timing: bool = False,
    repeats: int = Settings.repeats,
    memory_bytes: int = Settings.memory_bytes,
    executor: Executor | None = None,
    on_error: Literal["row", "raise"] = "raise",
    seconds: float | None = None,
    progress: bool | None = None,
) -> Comparison:
    """Checks a gradient against autodiff and finite differences.

    Args:
        value: `value(x, *args)`, a scalar. In JAX operations it is compiled and differentiated
            by autodiff too; NumPy, SciPy and compiled code are called on the host.
        gradient: `gradient(x, *args)`, in the structure of `x`; True where `value` returns the
            pair (value, gradient); None to check autodiff.
        x0: The point, an array or a pytree of arrays. Leaves that are not floats or float arrays
            are left unchanged.
        args: Further arguments of `value` and `gradient`. Arrays of numbers and floats are passed
            to the compiled programs as data; everything else is fixed in them.
        argnums: The numbers of the arguments to differentiate; `x0` is number 0.
        methods: Methods or their labels; one voter for each source by default.
        direction: A direction in the structure of `x0`; compares directional derivatives.
        bounds: The lower and the upper bounds of the parameters, each a number or a pytree
            like `x0`. `value` is never evaluated outside.
        domain: Bounds by name: `positive`, `nonnegative`, `negative`, `unit`, `real`, or a
            pytree of names.
        wrt: `log` if the gradient you pass is with respect to the logarithms of `x0`.
        sign: −1 if the gradient you pass is that of −value.
        scale: The gradient you pass is `scale` times the gradient of `value`.
        symmetric: Whether the square matrices in `x0` are symmetric, and the gradient you pass is
            the symmetric part.
        complex_convention: The gradient that you pass by complex parameters z = x + i y: `jax` for
            ∂f/∂x − i ∂f/∂y, as `jax.grad` gives it; `ascent` for its conjugate, ∂f/∂x + i ∂f/∂y;
            `wirtinger` for half of the conjugate, ∂f/∂z̄.
        intent: `upper_bound` if the gradient may exceed the true one, but not fall below it.
        retraction: `retraction(x, v)`, the point of a manifold that is reached from `x` along a
            tangent vector `v`, and `x` for v = 0. The points are drawn on the manifold then, and
            `gradient(x, *args)` is the derivative of `value(retraction(x, v), *args)` by `v` at
            v = 0; `v` has the structure that it returns. See docs/manifolds.md.
        reference: `reference(x, *args)`, an independent implementation of `value`. It shows
            whether `value` is the function you intended, which no derivative can.
        other: `other(x, *args)`, a second derivative of your own in the structure and the
            convention of `gradient`: of another autodiff such as torch, of computer algebra, of
            an older version. It votes as a further source. See docs/numpy-code.md.
        accuracy: The largest error that you accept, relative to the largest derivative, as where
            `value` stops at a tolerance. The verdict is then AGREE if the error is shown to be
            smaller, and an entry of exactly 0 stays wrong beside a clear derivative.
        tighter: How to tighten the tolerance of `value` and `gradient`, where they differ: the
            name of an argument that is divided by 100, such as `rtol`, or a pair of functions
            that compute the same more accurately. If the difference shrinks, the tolerance is its
            cause. `while` loops of JAX run on for this without being told.
        points: Number of points: `x0`, and others drawn around it. With more than one, up to
            three more are searched for that reach other branches of `value` or `gradient`.
        tails: Whether to add points far out, with parameters up to a hundred times as large.
        at: Further points of your own: a list of points in the structure of `x0`, or `x0` with a
            leading axis. Each has a result of its own, `x1`, `x2`, …, and the print ends with a
            summary. An error at one of them is the verdict `ERROR` of its result.
        seed: Seed of the points.
        dtype: The type in which the implementations are timed and their accuracy is measured.
        device: The default device of JAX by default.
        timing: Whether to measure running times too.
        repeats: Smallest number of blocks in which each method is timed.
        memory_bytes: Largest temporary memory of the perturbed points together.
        executor: For a `value` on the host: calls it at many points at a time, in threads,
            processes or a cluster (`docs/clusters.md`). All but threads need functions that can
            be pickled, or cloudpickle.
        on_error: `raise` raises on unusable input; `row` reports it as the verdict `ERROR`.
        seconds: The time limit, for each point of `at`. Where every coordinate would take longer
            by what one value takes, the gradient is compared along random directions, and the
            report says how likely an error is missed. Where nothing fits, or the limit is passed
            on the way, the verdict is `TIMEOUT`, with what was learned until then. A single call
            of your functions is not interrupted; `gradcompare check --seconds` does that.
        progress: Whether to show a progress bar on standard error; by default on a terminal, for
            what takes more than 2 seconds.

    Returns:
        A comparison with one result, or one for each point: ask for its `.ok` or `.verdict`, or
        print it.

    Raises:
        InputError: if an argument cannot be used.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> def value(x):
        ...     return jnp.sum(x**3)
        >>> gradcompare.check(value, lambda x: 3 * x**2, [1.0, 2.0]).ok
        True
        >>> print(gradcompare.check(value, lambda x: x**2, [1.0, 2.0]))
        value (d = 2): ANALYTIC_WRONG (GC302): the analytic derivative is wrong, and ...
          Re-derive the coordinates listed.
          at x0, near x0, far from x0; at x0, 2 of 2 coordinates:
                analytic     reverse       richardson
          x[1]  4 ± ...      12 ± ...      12 ± ...
          x[0]  1 ± ...      3 ± ...       3... ± ...
          what: every coordinate: 1/3 times the reference; multiply by 3, or declare scale=...
          ...
    """
    for name, function in (("reference", reference), ("other", other)):
        if function is not None:
            require_function(name, function)
    signature = Signature.of((x0, *args), argnums)
    objective = replace(
        as_objective(value, gradient, signature, bounds, domain, complex_convention),
        reference=None if reference is None else Adapted(reference, signature, "value"),
        other=other
        and Adapted(other, signature, "gradient", complex_convention=complex_convention),
        convention=Convention(wrt, sign, scale, symmetric, intent),
        accuracy=accuracy,
    )
    settings = make_settings(
        with_other(voting_methods() if methods is None else methods, other),
        quantity="gradient" if direction is None else "directional",
        dtype=dtype,
        device=device,
        seed=seed,
        points=points,
        timing=timing,
        repeats=repeats,
        memory_bytes=memory_bytes,
        executor=executor,
        seeks=True,
        on_error=on_error,
        seconds=seconds,
        progress=progress,
    )
    tighten = None if tighter is None else tightened(objective, signature, tighter, (x0, *args))
    start = partial(_start, objective, direction)
    if retraction is not None:
        manifold = OnManifold.of(objective, retraction, signature)
        start = partial(_on_manifold, manifold, direction)
        tighten = None if tighten is None else manifold.tightened(tighten)
        objective = manifold.objective
    signatures = signatures_at(signature, at)
    case = partial(Case, objective, None, tighten=tighten)
    cases = cases_at(signatures, start, case, settings, tails=tails)
    comparison = run_at_points(cases, list(signatures), settings)
    return comparison if settings.dtype != FLOAT64 else _with_types(comparison, signature)


def _start(objective: Objective, direction: PyTree, there: Signature, label: str) -> Problem:
    return Problem.at(objective, there.params, there.data, label, as_point(direction))


def _on_manifold(manifold: OnManifold, direction: PyTree, there: Signature, label: str) -> Problem:
    return manifold.at(there, label, direction)


def _with_types(comparison: Comparison, signature: Signature) -> Comparison:
    """Says so if the user's point is in a narrower type than the check computes in."""
    leaves, varying = signature.selected
    given = [leaf for leaf, varies in zip(leaves, varying, strict=True) if varies]

    def said(result: Result) -> Result:
        types = sorted({str(leaf.dtype) for leaf in given if _is_worth_saying(leaf, result)})
        if not types or result.message:
            return result
        sentence = (
            f"x0 is {' and '.join(types)}, and your functions get it in float64, in which they "
            f'are judged; dtype="{types[0]}" measures their rounding too'
        )
        return replace(result, notes=(*result.notes, sentence))

    return replace(comparison, results=tuple(map(said, comparison)))


def _is_worth_saying(leaf: Any, result: Result) -> bool:
    """Whether a parameter has a narrow type that a reader may think of.

    Without 64-bit types every array of JAX is in float32, which nobody chose: it may matter where
    the derivatives differ.
    """
    dtype = getattr(leaf, "dtype", FLOAT64)
    if not jnp.issubdtype(dtype, jnp.floating) or dtype.itemsize >= FLOAT64.itemsize:
        return False
    chosen = (
        not isinstance(leaf, jax.Array) or dtype != np.float32 or jnp.result_type(float) == FLOAT64
    )
    return chosen or not result.verdict.ok
