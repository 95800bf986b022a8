"""The floating-point types a comparison can run in, the float64 scope, and the device.

JAX computes in float32 unless 64-bit types are enabled. This module enables them for the
duration of a `with` block and never globally. An array of JAX that leaves the block in float64
becomes float32 at its next use, so only NumPy arrays may leave it.

The module also keeps JAX from mixing up the types of one array inside and outside of the block.
"""

import functools
import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from .errors import LOGGER, InputError, UnknownNameError, outcome_of
from .frames import whole_tracebacks
from .wording import given

# jax.Device is bound at run time, which pyright does not accept as a type.
Device: TypeAlias = jax.Device  # pyright: ignore[reportInvalidTypeForm]

FLOAT64 = np.dtype(np.float64)
"""Dtype in which derivatives are judged."""

DTYPES = {
    "float64": jnp.float64,
    "float32": jnp.float32,
    "bfloat16": jnp.bfloat16,
    "float16": jnp.float16,
}


SETTINGS: tuple[tuple[Callable[..., AbstractContextManager], Any], ...] = (
    (jax.debug_nans, False),
    (jax.debug_infs, False),
    (jax.debug_key_reuse, False),
    (jax.disable_jit, False),
    (jax.enable_checks, False),
    (jax.transfer_guard, "allow"),
    (jax.default_matmul_precision, None),
    (jax.default_device, None),
    (jax.numpy_rank_promotion, "allow"),
    (jax.numpy_dtype_promotion, "standard"),
)
"""The settings of JAX that change what a program does, as they are by default."""

RULE = ("dtypes", "literals")
"""Modules of JAX with the rule by which it takes arrays of NumPy, and the class that it makes."""

UNKNOWN = object()
"""In place of the value of a setting that does not tell it."""


@contextmanager
def precision_scope(dtype: np.dtype) -> Iterator[None]:
    """Sets what a result could depend on in this thread until the block ends.

    64-bit types of JAX are enabled if `dtype` needs them. Narrower types run without them, as the
    user's own program would: there, an array that the objective makes by itself is float32 and
    does not widen the computation. The other settings of JAX, and how NumPy treats an overflow,
    are those of a fresh process, whatever the user has set.
    """
    with ExitStack() as stack:
        for setting, usual in SETTINGS:
            # To enter them all costs 20 µs: much where f takes 5 µs.
            if getattr(setting, "value", UNKNOWN) != usual:
                stack.enter_context(setting(usual))
        separate_types()
        stack.enter_context(jax.enable_x64(dtype == np.float64))
        stack.enter_context(np.errstate(all="ignore"))
        stack.enter_context(whole_tracebacks())
        yield


@functools.cache
def separate_types() -> None:
    """Makes JAX tell the float64 of a captured array inside the scope from the float32 outside.

    JAX 0.10 keeps what it made of an array of NumPy for as long as a program uses it, and hands it
    out under the other setting too. The user's compiled functions keep programs of both: their
    arrays would fail in the user's float32 code after a check, and a check would see those that
    they captured before it in float32. No public call empties that store. So the rule by which JAX
    takes arrays of NumPy is replaced, once in the process, by the same rule with a store for each
    setting. Releases that do not mix them up are left as they are; where the rule cannot be
    replaced, a warning is logged.
    """
    if not _mixes_types():
        return
    outcome_of(_replace_rule)
    if _mixes_types():
        LOGGER.warning(
            "jax %s mixes up float64 and float32 of captured arrays; use copies of them elsewhere",
            jax.__version__,
        )


def _mixes_types() -> bool:
    """Whether JAX takes an array for float64 outside of the scope as it did inside."""
    array = np.zeros(2)
    programs = []  # while a program is there, so are its constants
    for wide in (True, False):
        with jax.enable_x64(wide):
            # A new function each time: JAX keeps the traces of those that it knows.
            programs.append(jax.make_jaxpr(lambda x: x + array)(np.zeros(2, np.float32)))
    return any(np.dtype(each.dtype) == FLOAT64 for each in programs[-1].consts)


def _replace_rule() -> None:
    # Neither is documented. The store is the one of JAX: an array leaves it with its last user.
    dtypes, literals = (importlib.import_module(f"jax._src.{name}") for name in RULE)
    store = importlib.import_module("jaxlib.weakref_lru_cache").weak_key_weak_value_cache

    def taken(array: np.ndarray) -> Any:
        return literals.TypedNdArray(np.asarray(array, jax.dtypes.canonicalize_dtype(array.dtype)))

    stores = {wide: store(taken) for wide in (False, True)}
    dtypes.canonicalize_value_handlers[np.ndarray] = lambda array: stores[is_wide()](array)


def is_wide() -> bool:
    """Whether 64-bit types of JAX are enabled in this thread."""
    return jax.dtypes.canonicalize_dtype(FLOAT64) == FLOAT64


def find_dtype(name: Any) -> np.dtype:
    """Returns the floating dtype called `name`, which may also be a dtype or its type.

    Raises:
        UnknownNameError: if it is not one of `DTYPES`.
    """
    if not isinstance(name, str) and name is not None:  # which NumPy takes for float64
        kind = outcome_of(lambda: np.dtype(name).name)
        name = given(name) if isinstance(kind, Exception) else kind
    if name not in DTYPES:
        raise UnknownNameError("dtype", str(name), DTYPES)
    return np.dtype(DTYPES[name])


def find_device(name: str | Device | None) -> Device:
    """Returns the device called `name`: `cpu`, `gpu`, `cuda:1`; the default one for None.

    Raises:
        InputError: if this machine has no such device.
    """
    if name is None:
        try:
            return jax.devices()[0]
        except RuntimeError as error:
            raise InputError(
                f"JAX finds no device ({error}); look at the variable JAX_PLATFORMS"
            ) from error
    if isinstance(name, jax.Device):
        return name
    if not isinstance(name, str) or not name:
        raise InputError(f"device is {given(name)}; give a name, such as 'cpu', 'gpu' or 'cuda:1'")
    platform, _, index = name.partition(":")
    try:
        devices = jax.devices(platform)
    except RuntimeError as error:
        present = sorted({device.platform for device in jax.devices()})
        raise InputError(
            f"device {name!r} is not available; this machine has {', '.join(present)}"
        ) from error
    if not (index or "0").isdecimal() or int(index or 0) >= len(devices):
        raise InputError(
            f"device {name!r} is not available; {platform} has the indices 0 to {len(devices) - 1}"
        )
    return devices[int(index or 0)]


def cast(tree: PyTree, dtype: np.dtype) -> PyTree[np.ndarray]:
    """Returns `tree` as NumPy arrays, with its floating leaves in `dtype`."""

    def leaf_as(leaf):
        array = np.asarray(leaf)
        return array.astype(dtype) if jnp.issubdtype(array.dtype, jnp.floating) else array

    return jax.tree.map(leaf_as, tree)
