"""The floating-point types a comparison can run in, the float64 scope, and the device.

JAX computes in float32 unless 64-bit types are enabled. This module enables them for the
duration of a `with` block and never globally. An array of JAX that leaves the block in float64
becomes float32 at its next use, so only NumPy arrays may leave it.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from .errors import InputError, UnknownNameError, outcome_of
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
        stack.enter_context(jax.enable_x64(dtype == np.float64))
        stack.enter_context(np.errstate(all="ignore"))
        stack.enter_context(whole_tracebacks())
        yield


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
