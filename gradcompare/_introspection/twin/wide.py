"""Copies of a user's functions that compute in float64 where these name a narrower type.

They stand in for functions of NumPy in float16 or bfloat16, whose values are staircases, as the
widened programs stand in for traced ones.
"""

import builtins
from types import CodeType, ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
from jaxtyping import PyTree

from ..._foundation.frames import with_constants
from .rebinding import Rebinding, UserModule

NARROW: dict[str, type] = {"float16": np.float16} | {
    name: kind
    for name, kind in vars(ml_dtypes).items()
    if isinstance(kind, type) and np.dtype(kind).kind in "fV" and jnp.issubdtype(kind, np.floating)
}
"""The types that are narrower than float32, by their names."""

LIBRARIES = (np, ml_dtypes)


class Wide(Rebinding):
    """The copies of functions in which narrow types are float64.

    Attributes:
        narrow: The name of the first narrow type that stands in what was copied; empty if none
            does. A function names further ones only as it runs.
    """

    def __init__(self) -> None:
        types = {id(kind): np.float64 for kind in NARROW.values()}
        dtypes = {id(np.dtype(kind)): np.dtype(np.float64) for kind in NARROW.values()}
        super().__init__(types | dtypes, dict(vars(builtins)))
        self.narrow = ""

    def of(self, thing: Any) -> Any:
        """Returns the copy of a thing, and notes a narrow type."""
        kind = thing if isinstance(thing, type) else getattr(thing, "dtype", None)
        if isinstance(thing, np.dtype):
            kind = thing
        self._note(kind)
        return super().of(thing)

    def number(self, thing: np.ndarray | np.floating | float) -> Any:
        """Returns numbers of a narrow type in float64, and others as they are."""
        return np.asarray(thing).astype(np.float64)[()] if _is_narrow(thing) else thing

    def library(self, module: ModuleType) -> Any:
        """Returns NumPy with float64 under the names of narrow types."""
        return UserModule(module, self.of) if module in LIBRARIES else None

    def code(self, code: CodeType) -> CodeType:
        """Returns the code with "float64" where a constant is the name of a narrow type."""
        return with_constants(code, self._constant)

    def data(self, tree: PyTree) -> PyTree:
        """Returns data with the arrays of narrow types in float64."""
        return jax.tree.map(self.of, tree)

    def _constant(self, constant: Any) -> Any:
        if isinstance(constant, str) and constant in NARROW:
            self._note(NARROW[constant])
            return "float64"
        return constant

    def _note(self, kind: Any) -> None:
        if kind is not None and not self.narrow:
            self.narrow = next((name for name, each in NARROW.items() if kind == each), "")


def _is_narrow(thing: Any) -> bool:
    return getattr(thing, "dtype", None) in [np.dtype(kind) for kind in NARROW.values()]
