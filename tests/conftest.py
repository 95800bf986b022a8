"""Settings of all tests: property tests draw the same examples on every run.

Many tests compile the same programs, of an objective with a fault here and another one there.
They share JAX's compilation cache in a directory that goes when the session ends, also so that
the command line, which turns the cache on, leaves nothing in the user's own directory.
"""

import atexit
import os
import shutil
import tempfile

from hypothesis import HealthCheck, settings

os.environ["GRADCOMPARE_RAISE"] = "1"
"""A fault of our own in an optional step is raised, not noted."""

if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    os.environ["JAX_COMPILATION_CACHE_DIR"] = tempfile.mkdtemp(prefix="gradcompare-tests-")
    atexit.register(shutil.rmtree, os.environ["JAX_COMPILATION_CACHE_DIR"], ignore_errors=True)
# A process of pytest-xdist has its own: an entry that another has half written is a warning.
os.environ["JAX_COMPILATION_CACHE_DIR"] += f"/{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"

settings.register_profile(
    "seeded",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("seeded")
