"""Arrays and types of NumPy in a function that is traced.

What does not depend on a traced number stays a number of NumPy: shapes, masks and counts can then
be used as Python uses them. Where such an array meets a traced one, jax.numpy takes over.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._foundation.errors import GradcompareError


class NoTwinError(GradcompareError):
    """A function that cannot be rerun with jax.numpy; the message says why."""


def is_any_traced(*things: Any) -> bool:
    """Whether there is an array of JAX among arguments, in lists and tuples as well."""
    return any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(things))


def _of_jax(array: np.ndarray) -> jax.Array:
    return jnp.asarray(array.view(np.ndarray))


def _in_place(name: str) -> Callable[[Any, Any], Any]:
    """Returns an operator such as `+=`, whose result is a new array if the other one is traced."""
    plain = getattr(np.ndarray, f"__i{name}__")
    anew = getattr(np.ndarray, f"__{name}__")

    def change(self: np.ndarray, other: Any) -> Any:
        return anew(self, other) if is_any_traced(other) else plain(self, other)

    return change


class HostArray(np.ndarray):
    """An array of NumPy that gives way to jax.numpy where it meets a traced array."""

    @classmethod
    def of(cls, thing: Any) -> Any:
        """Returns a plain array as one of this class; anything else as it is."""
        return thing.view(cls) if type(thing) is np.ndarray else thing

    @classmethod
    def locked(cls, array: np.ndarray) -> "HostArray":
        """Returns a user's array as one of this class that cannot be written to."""
        view = array.view(cls)
        view.flags.writeable = False
        return view

    def dot(self, b: Any, out: Any = None) -> Any:
        """Returns the product with another array."""
        if is_any_traced(b):
            return jnp.dot(_of_jax(self), b)
        return super().dot(b, out)

    def __getitem__(self, key: Any) -> Any:
        return _of_jax(self)[key] if is_any_traced(key) else super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        if is_any_traced(key, value):
            raise NoTwinError("an array is written to in place")
        super().__setitem__(key, value)

    __iadd__ = _in_place("add")
    __isub__ = _in_place("sub")
    __imul__ = _in_place("mul")
    __itruediv__ = _in_place("truediv")


class _Type(type):
    """The type of `Float` and its like, which NumPy and JAX take for a dtype as well."""

    plain: type
    dtype: np.dtype

    def __call__(cls, *args: Any) -> Any:
        if not is_any_traced(args):
            return cls.plain(*args)
        (value,) = args
        value = jnp.asarray(value, cls.dtype)
        return value.reshape(()) if cls.plain is float else value

    def __instancecheck__(cls, thing: Any) -> bool:
        if not isinstance(thing, jax.Array):
            return isinstance(thing, cls.plain)
        return thing.ndim == 0 and issubclass(thing.dtype.type, cls.plain)


def type_like(plain: type) -> type:
    """Returns a stand-in of `float` or a scalar type of NumPy, which takes traced numbers too."""
    return _Type(plain.__name__, (), {"plain": plain, "dtype": np.dtype(plain)})


AnyArray = np.ndarray | jax.Array
"""What a function of NumPy means by `isinstance(x, np.ndarray)`."""
