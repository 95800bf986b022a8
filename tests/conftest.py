"""Settings of all tests: property tests draw the same examples on every run.

Many tests compile the same programs, of an objective with a fault here and another one there.
They share JAX's compilation cache in a directory that goes when the session ends, also so that
the command line, which turns the cache on, leaves nothing in the user's own directory.

Most of the time goes into compiling what runs once or twice, so XLA is told not to optimise.
Set XLA_FLAGS, to nothing as well, for the compiler as users have it.
"""

import atexit
import gc
import mmap
import os
import shutil
import tempfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import browser
import numpy as np
import pytest
from hypothesis import HealthCheck, settings

os.environ["GRADCOMPARE_RAISE"] = "1"
"""A fault of our own in an optional step is raised, not noted."""

HURRY = {
    "xla_backend_optimization_level": "0",
    "xla_llvm_disable_expensive_passes": "true",
    "xla_cpu_use_fusion_emitters": "false",
    # Programs as small as these are not worth a division among threads.
    "xla_cpu_parallel_codegen_split_count": "1",
}
"""Options of XLA, which halve the time that compiling takes, mostly the last two."""


def known_to_xla(option: str) -> bool:
    """Whether this release has the option: XLA ends the process at one that it does not know."""
    spec = find_spec("jaxlib")
    assert spec is not None
    assert spec.origin is not None
    for library in Path(spec.origin).parent.glob("*.so"):
        with library.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as text:
            if text.find(option.encode() + b"\0") >= 0:
                return True
    return False


if "XLA_FLAGS" not in os.environ:
    flags = [f"--{option}={value}" for option, value in HURRY.items() if known_to_xla(option)]
    os.environ["XLA_FLAGS"] = " ".join(flags)

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

SLOW = (
    *("adapt", "arguments", "battery", "branches", "branches_by_operation", "breaks"),
    *("calibration", "cli", "cli_check", "complex_numbers", "complex_step", "constants"),
    *("convention", "detection_benchmark", "diagnosis_autodiff", "diagnosis_captured"),
    *("diagnosis_check", "diagnosis_elsewhere", "diagnosis_inside", "diagnosis_instead"),
    *("diagnosis_loops", "diagnosis_matrix", "diagnosis_nonfinite", "diagnosis_several"),
    *("diagnosis_term", "docstrings", "examples", "few_digits", "formula", "fuzz", "guards"),
    *("host", "hvp", "jax_internals", "jobs", "kinks", "locate", "locate_faces", "methods", "mgh"),
    *("narrow_types", "notebook", "points", "processes", "published", "pytest_plugin"),
    *("random_rounding", "result_json", "scales", "scenarios_conventions", "scenarios_faults"),
    *("scenarios_points", "scenarios_size", "shipped_cases", "small_entries", "special_shapes"),
    *("testing", "traps", "typing", "units", "watch"),
)
"""The files whose tests take two seconds or more; in others, single tests have the marker."""


def pytest_collection_finish() -> None:
    """What is imported and collected stays, and need not be looked through for garbage again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the cases of the sweep, then the tests of the slow files and of the sweep as slow."""
    leave_to_sweep(items)
    for item in items:
        if item.path.stem.removeprefix("test_") in SLOW or item.get_closest_marker("sweep"):
            item.add_marker(pytest.mark.slow)


def leave_to_sweep(items: list[pytest.Item]) -> None:
    """Marks about two thirds of the cases of each test: the first runs always, then one of three.

    Which ones, the sum of the digits of their number in base 3 says: where cases are the products
    of two lists, this takes as many with each entry of either.
    """
    cases = Counter[str]()
    for item in items:
        if not item.get_closest_marker("sweep"):
            test = item.nodeid.partition("[")[0]
            if sum(map(int, np.base_repr(cases[test], 3))) % 3:
                item.add_marker(pytest.mark.sweep)
            cases[test] += 1


@pytest.fixture(scope="module")
def chromium():
    """A browser for the tests of a file, which skip without one."""
    if browser.PROGRAM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with browser.Browser() as opened:
        yield opened
