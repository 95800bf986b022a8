"""JAX's compilation cache on disk, for the command line.

A run over the registry spends most of its time on compilation; a second run finds the programs
in the user's cache directory. A library must not change settings of the whole process, so only
the command line calls this.
"""

import hashlib

import jax
import platformdirs

from .._engine.environment import cache_directory, processor


def use_compilation_cache() -> None:
    """Turns the cache on, in a directory of the user for this processor.

    If a directory is set already, as by `JAX_COMPILATION_CACHE_DIR`, it stays.
    """
    if cache_directory() is not None:
        return
    # Programs are compiled for one processor, but machines can share a home directory.
    kind = hashlib.sha256(processor().encode()).hexdigest()[:8]
    home = platformdirs.user_cache_path("gradcompare")
    path = home / f"jax-{jax.__version__}-{kind}"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)  # what lies there is executed
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return  # as on a read-only disk: without a cache
    jax.config.update("jax_compilation_cache_dir", str(path))
    # By default JAX keeps only programs that take a second to compile; ours take a tenth.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
