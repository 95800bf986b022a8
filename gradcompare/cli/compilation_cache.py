"""The compilation cache of JAX on disk, for the command line: the same programs every time.

A run over the registry consists of compilation for the most part; a second one finds the
programs in the user's cache directory. A library must not change settings for the whole
process, so nothing but the command line calls this.
"""

import hashlib

import jax
import platformdirs

from .._engine.environment import cache_directory, processor


def use_compilation_cache() -> None:
    """Turns the cache on, in a directory of the user's own for this processor.

    A directory that is set already, as by `JAX_COMPILATION_CACHE_DIR`, is kept.
    """
    if cache_directory() is not None:
        return
    # Programs are compiled for one processor; a home directory can be seen from several.
    kind = hashlib.sha256(processor().encode()).hexdigest()[:8]
    path = platformdirs.user_cache_path("gradcompare") / f"jax-{jax.__version__}-{kind}"
    jax.config.update("jax_compilation_cache_dir", str(path))
    # By default, only what takes a second to compile is kept; ours take a tenth.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
