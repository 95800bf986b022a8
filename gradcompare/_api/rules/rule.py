"""A rule for the derivative of a function: one of JAX, or a pair of functions on the host."""

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._foundation.errors import InputError
from ..._foundation.layout import PyTree
from ..._foundation.user_code import Place
from ..._model.arguments.complex_parts import ComplexConvention
from ..._model.arguments.validation import shown
from .primals import Named, Primals, fitting, is_inexact

Replacements = Mapping[int, Any]
"""Arrays in the place of operands of a rule, by their numbers."""


@dataclass(frozen=True)
class AbstractRule(abc.ABC):
    """A rule, and the function that it belongs to.

    Attributes:
        function: The user's function, with its rule if it has one of JAX.
        plain: The same function without its rule.
        primals: Its arguments.
    """

    function: Callable[..., PyTree]
    plain: Callable[..., PyTree]
    primals: Primals

    @property
    def name(self) -> str:
        """The name of the function."""
        name = getattr(self.plain, "__name__", type(self.plain).__name__)
        return "f" if "<" in name else name

    @property
    @abc.abstractmethod
    def written(self) -> Callable[..., Any] | None:
        """The function that a person wrote for the derivative, if it is known."""

    @property
    def place(self) -> Place | None:
        """Where that function begins."""
        written = self.written
        while isinstance(written, partial):
            written = written.func
        code = getattr(written, "__code__", None)
        return None if code is None else Place(code.co_filename, code.co_firstlineno)

    def value(self, some: Named, others: Named) -> PyTree:
        """Returns the function without its rule."""
        return self.plain(*self.primals.joined(some, others))

    @abc.abstractmethod
    def cotangents(self, some: Named, others: Named, u: PyTree) -> Named:
        """Returns the cotangents of some primals by the rule, for that of the result."""

    @abc.abstractmethod
    def operands(self, some: Named, others: Named) -> list[Any]:
        """Returns the arrays that the rule computes with, besides the cotangent."""

    @abc.abstractmethod
    def rerun(self, some: Named, others: Named, u: PyTree, new: Replacements) -> Named:
        """Returns the cotangents by the rule with some operands replaced."""

    def by_name(self, cotangents: Any, some: Named) -> Named:
        """Returns the cotangents of some primals, of those of all that are not constant.

        Raises:
            InputError: if there is not one for each primal, or one does not fit it.
        """
        numbers = [i for i in range(len(self.primals.names)) if i not in self.primals.constant]
        if len(numbers) == 1 and not isinstance(cotangents, (tuple, list)):
            cotangents = (cotangents,)
        if not isinstance(cotangents, (tuple, list)) or len(cotangents) != len(numbers):
            what = shown(cotangents) if not hasattr(cotangents, "aval") else "an array"
            raise InputError(
                f"the backward rule of {self.name} gives {what}; return a tuple of "
                f"{len(numbers)}, one cotangent for each primal, None where there is none"
            )
        pairs = zip(numbers, cotangents, strict=True)
        named = {self.primals.name(number): each for number, each in pairs}
        return {name: fitting(self.name, name, v, named[name]) for name, v in some.items()}


@dataclass(frozen=True)
class JaxRule(AbstractRule):
    """A `jax.custom_vjp` or `jax.custom_jvp`.

    Attributes:
        forward: The forward rule of a `custom_vjp`, if it is known.
        backward: The backward rule, likewise.
        tangent: The rule of a `custom_jvp`, likewise.
    """

    forward: Callable[..., Any] | None
    backward: Callable[..., Any] | None
    tangent: Callable[..., Any] | None

    @property
    def written(self) -> Callable[..., Any] | None:
        return self.backward or self.tangent

    def cotangents(self, some: Named, others: Named, u: PyTree) -> Named:
        return self._pulled(self.function, some, others, u)

    def without(self, some: Named, others: Named, u: PyTree) -> Named:
        """Returns the cotangents by autodiff of the function without its rule."""
        return self._pulled(self.plain, some, others, u)

    def value_by_rule(self, some: Named, others: Named) -> PyTree:
        """Returns the result as it is where the function is differentiated."""
        return jax.vjp(partial(self._of, self.function, others), some)[0]

    def _of(self, function: Callable[..., PyTree], others: Named, some: Named) -> PyTree:
        return function(*self.primals.joined(some, others))

    def _pulled(self, function: Callable, some: Named, others: Named, u: PyTree) -> Named:
        results, pull = jax.vjp(partial(self._of, function, others), some)
        return pull(jax.tree.map(_like, u, results))[0]

    def _moving(self, args: list[Any]) -> tuple[list[Any], tuple[Any, ...]]:
        """Returns the constant arguments, and the others."""
        constant = self.primals.constant
        kept = [args[i] for i in constant]
        return kept, tuple(arg for i, arg in enumerate(args) if i not in constant)

    def _arguments(self, some: Named, others: Named) -> list[Any]:
        """Returns all arguments as a rule gets them, in arrays of JAX."""
        arrays = jax.tree.map(_of_jax, (some, others))
        return self.primals.joined(*arrays)

    def operands(self, some: Named, others: Named) -> list[Any]:
        args = self._arguments(some, others)
        if self.forward is not None and self.backward is not None:
            return jax.tree.leaves(self.forward(*args)[1])
        return [] if self.tangent is None else jax.tree.leaves(self._moving(args)[1])

    def rerun(self, some: Named, others: Named, u: PyTree, new: Replacements) -> Named:
        args, u = self._arguments(some, others), jax.tree.map(_of_jax, u)
        if self.forward is not None and self.backward is not None:
            _, residuals = self.forward(*args)
            kept, _ = self._moving(args)
            return self.by_name(self.backward(*kept, _replaced(residuals, new), u), some)
        pull = jax.linear_transpose(lambda t: self.moved({**others, **some}, t, new), some)
        return pull(u)[0]

    def moved(self, every: Named, t: Named, new: Replacements = MappingProxyType({})) -> PyTree:
        """Returns the tangent of the result by the rule itself; other primals do not move.

        Args:
            every: All primals.
            t: The tangents of some.
            new: Operands that are replaced.
        """
        assert self.tangent is not None  # a `custom_vjp` has none
        kept, moving = self._moving(self._arguments(every, {}))
        zeros = jax.tree.map(jnp.zeros_like, every)
        _, along = self._moving(self._arguments(t, zeros))
        return self.tangent(*kept, _replaced(moving, new), along)[1]


@dataclass(frozen=True)
class HostRule(AbstractRule):
    """A pair of functions on the host, forward and backward.

    Attributes:
        backward: `backward(cotangent, *primals)`.
        convention: The convention of its complex cotangents.
    """

    backward: Callable[..., Any]
    convention: ComplexConvention

    @property
    def written(self) -> Callable[..., Any] | None:
        return self.backward

    def cotangents(self, some: Named, others: Named, u: PyTree) -> Named:
        return self.rerun(some, others, u, {})

    def operands(self, some: Named, others: Named) -> list[Any]:
        return jax.tree.leaves(self.primals.joined(some, others))

    def rerun(self, some: Named, others: Named, u: PyTree, new: Replacements) -> Named:
        args = _replaced(self.primals.joined(some, others), new)
        if self.convention == "jax":
            return self.by_name(self.backward(u, *args), some)
        return conjugate(self.by_name(self.backward(conjugate(u), *args), some))


def _of_jax(leaf: Any) -> Any:
    return jnp.asarray(leaf) if is_inexact(leaf) and isinstance(leaf, np.ndarray) else leaf


def _like(cotangent: Any, result: Any) -> Any:
    """Returns a cotangent in the type of a result, which may be narrower than float64."""
    return cotangent.astype(result.dtype) if is_inexact(result) else cotangent


def _replaced(tree: PyTree, new: Replacements) -> PyTree:
    leaves, treedef = jax.tree.flatten(tree)
    return treedef.unflatten([new.get(k, leaf) for k, leaf in enumerate(leaves)])


def conjugate(tree: PyTree) -> PyTree:
    return jax.tree.map(lambda leaf: leaf.conj() if np.iscomplexobj(leaf) else leaf, tree)
