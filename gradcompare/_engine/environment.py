"""The circumstances of a comparison, which belong to its figures."""

import functools
import os
import platform
from typing import Any

import jax

from .._foundation.plugins import installed_version
from .._foundation.precision import Device


def environment(device: Device) -> dict[str, Any]:
    """Returns the versions, the device and the processor that figures depend on."""
    packages = ("gradcompare", "jax", "jaxlib", "numpy")
    return {
        **{name: installed_version(name) for name in packages},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": processor(),
        "cpu_count": os.cpu_count(),
        "device": f"{device.platform}:{device.id}",
        "device_kind": device.device_kind,
        "compilation_cache": cache_directory(),
    }


def cache_directory() -> str | None:
    """Returns the folder in which JAX keeps compiled programs, if it has one."""
    return getattr(jax.config, "jax_compilation_cache_dir", None)


@functools.cache
def processor() -> str:
    """Returns the name of the processor."""
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor()
