"""The building: which module may import which, and what no module may do."""

import ast
import collections
import functools
import os
import subprocess
import sys
from pathlib import Path

import pytest

import gradcompare

FLOORS = (
    ("_foundation",),
    ("_introspection", "_model"),
    ("_evaluation", "_results", "objectives"),
    ("methods", "_points", "_watch"),
    ("diagnosis", "_locate"),
    ("_engine",),
    ("_api",),
    ("testing", "plot", "pytest_plugin", "cli", ""),
    ("__main__",),
)
"""From the ground up; "" is the package itself. A package imports from below, and a module from
its own package as well."""

PACKAGE = Path(gradcompare.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    .removesuffix("__init__")
    .rstrip("."): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.name != "starter.py"  # a user's file, which `gradcompare init` copies
}
SOURCES = {module: path.read_text(encoding="utf-8") for module, path in MODULES.items()}
LINES, FUNCTION_LINES = 250, 40


@functools.cache
def parsed(source: str) -> ast.Module:
    """The tree of a text, which many rules look at."""
    return ast.parse(source)


def room(module: str) -> str:
    """The package, or the single file, at the top of the house that a module stands in."""
    return module.partition(".")[0]


def floor(module: str) -> int:
    found = [level for level, rooms in enumerate(FLOORS) if room(module) in rooms]
    assert len(found) == 1, f"{module or 'the package'} is on the floors {found}, not on one"
    return found[0]


def at_run_time(tree: ast.AST):
    """All nodes but those under `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from at_run_time(node)


@functools.cache
def imports(module: str, source: str) -> set[str]:
    """The modules of the package that `source`, the text of `module`, imports."""
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for node in at_run_time(parsed(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ["gradcompare", *filter(None, package.split("."))] if node.level else []
            base = base[: len(base) - node.level + 1] if node.level else base
            place = ".".join([*base, *filter(None, [node.module])])
            names = [f"{place}.{alias.name}" for alias in node.names]
        for name in names:
            if name.partition(".")[0] == "gradcompare":
                inner = name.partition(".")[2]
                found.add(inner if inner in MODULES else inner.rpartition(".")[0])
    return found - {module}


def may_import(module: str, other: str) -> bool:
    return room(module) == room(other) or floor(other) < floor(module)


def test_imports_come_from_below():
    arrows = [(m, other) for m, source in SOURCES.items() for other in imports(m, source)]
    assert not [f"{m} imports {other}" for m, other in arrows if not may_import(m, other)]


def test_an_import_from_above_is_noticed():
    assert imports("_foundation.errors", "from ..cli import main") == {"cli.main"}
    assert imports("_engine.run", "def f():\n    from ..methods import X") == {"methods"}
    assert imports("methods.analytic", "from ._base import A") == {"methods._base"}
    assert imports("_results.report.table", "from gradcompare import _api, cli") == {"_api", "cli"}
    assert (
        imports("_model.arguments.domain", "if TYPE_CHECKING:\n    from ..cli import main")
        == set()
    )
    assert not may_import("_foundation.errors", "cli.main")
    assert not may_import("_points.coverage", "_engine.settings")
    assert not may_import("_model.estimate", "_introspection.jaxprs")
    assert may_import("methods.autodiff", "methods.analytic")


def graph() -> dict[str, set[str]]:
    """The rooms, and those that each of them imports from."""
    rooms: dict[str, set[str]] = {room(module): set() for module in MODULES}
    for module, source in SOURCES.items():
        rooms[room(module)] |= {room(other) for other in imports(module, source)}
    return {name: others - {name} for name, others in rooms.items()}


def test_the_house_is_small_enough_to_know():
    rooms = graph()
    print("floor  package: what it imports from")
    for name in sorted(rooms, key=floor):
        print(f"{floor(name) + 1:5}  {name or 'gradcompare'}: {', '.join(sorted(rooms[name]))}")
    assert len(rooms) <= 20
    assert len(FLOORS) <= 10


FULL = 8
"""At most so many modules in a folder, where each is not one entry of a list."""

LISTS = ("objectives", "methods", "diagnosis.hypotheses")


def test_a_folder_is_not_a_drawer():
    modules = [m for m, path in MODULES.items() if path.name != "__init__.py"]
    inside = collections.Counter(m.rpartition(".")[0] for m in modules)
    full = {folder: count for folder, count in inside.items() if count > FULL}
    assert set(full) <= set(LISTS), full


def outside_names(module: str, source: str) -> list[tuple[str, str]]:
    """What a module takes from another package: the module and the name."""
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    found = []
    for node in at_run_time(parsed(source)):
        if not isinstance(node, ast.ImportFrom) or not (node.level or node.module):
            continue
        base = ["gradcompare", *filter(None, package.split("."))] if node.level else []
        base = base[: len(base) - node.level + 1] if node.level else base
        place = ".".join([*base, *filter(None, [node.module])])
        if place.partition(".")[0] == "gradcompare":
            other = place.partition(".")[2]
            if room(other) != room(module):
                found += [(other, alias.name) for alias in node.names]
    return found


def is_hidden(other: str, name: str) -> bool:
    """Whether a name is for its own package alone; an `__init__` may list a module of its own."""
    folder, _, last = other.rpartition(".")
    if name.startswith("_") and f"{other}.{name}".lstrip(".") not in MODULES:
        return True
    listed = folder and f"`{last}`" in (ast.get_docstring(parsed(SOURCES[folder])))
    return bool(folder) and last.startswith("_") and not listed


def test_what_is_private_to_a_package_stays_there():
    taken = {module: outside_names(module, source) for module, source in SOURCES.items()}
    assert not [(m, pair) for m, pairs in taken.items() for pair in pairs if is_hidden(*pair)]


def test_a_private_name_from_outside_is_noticed():
    taken = outside_names("_engine.case", "from ..methods._base import A, _b")
    assert taken == [("methods._base", "A"), ("methods._base", "_b")]
    assert [is_hidden(*pair) for pair in taken] == [False, True]
    assert is_hidden("diagnosis.hypotheses._base", "x")
    assert not is_hidden("", "_api")


def test_no_import_cycles():
    """Neighbours may import each other, so the floors alone do not rule cycles out."""
    left = {module: imports(module, source) for module, source in SOURCES.items()}
    while free := {module for module, needs in left.items() if not needs & left.keys()}:
        left = {module: needs for module, needs in left.items() if module not in free}
    assert not left


FORBIDDEN = {
    "jax._src": "private",
    "jax.config.update": "a global setting",
    "jax_enable_x64": "a global setting",
    "filterwarnings": "a global setting",
}


def forbidden(source: str) -> list[str]:
    """The forbidden names that a module uses, in its code or its strings but no docstring."""
    if not any(name.rpartition(".")[2] in source for name in FORBIDDEN):
        return []
    used = []
    for node in ast.walk(parsed(source)):
        if isinstance(node, (ast.Attribute, ast.Import, ast.ImportFrom, ast.Call)):
            text = ast.unparse(node)
            used += [name for name in FORBIDDEN if name in text]
    return used


SETTING = ["cli.compilation_cache"]
"""What only the command line calls, where the process is its own."""


ADAPTERS = ("_foundation.frames", "_foundation.precision")
"""What reads the one setting of JAX that can be set in a scope only where JAX does not say, and
what replaces the rule by which JAX mixes up the types of an array."""


def test_nothing_private_and_nothing_global():
    used = {m: forbidden(source) for m, source in SOURCES.items() if m not in SETTING}
    for adapter in ADAPTERS:
        assert set(used.pop(adapter)) == {"jax._src"}
    assert not {m: names for m, names in used.items() if names}


def test_only_the_command_line_sets_what_is_global():
    for setting in SETTING:
        users = [m for m, source in SOURCES.items() if setting in imports(m, source)]
        assert set(users) == {"cli.processes", "cli.check"}


def test_what_is_forbidden_is_noticed():
    for line in (
        "from jax._src import core",
        "import jax._src.core",
        "jax.config.update('jax_enable_x64', True)",
        "os.environ.setdefault('jax_enable_x64', '1')",
        "warnings.filterwarnings('ignore')",
    ):
        assert forbidden(line), line


CLOCKS = (
    *("_engine.timing", "_evaluation.compiled", "_evaluation.executables"),
    *("_evaluation.near.chunks", "_evaluation.near.of_value"),
    *("_foundation.limits.clock", "_engine.limits.prediction", "cli.runs.workers"),
)
"""What measures times, chooses by them how many points are evaluated together, or ends in time."""


def test_what_is_found_does_not_depend_on_the_clock():
    assert {m for m, source in SOURCES.items() if "import time" in source} == set(CLOCKS)


def lengths(source: str) -> dict[str, int]:
    """How many lines each function has, without its signature and docstring."""
    found = {}
    for node in ast.walk(parsed(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            described = ast.get_docstring(node) is not None and len(node.body) > 1
            found[node.name] = node.end_lineno - node.body[described].lineno + 1
    return found


def test_modules_are_short():
    counts = {module: len(source.splitlines()) for module, source in SOURCES.items()}
    assert not {module: count for module, count in counts.items() if count > LINES}


def test_functions_are_short():
    counts = {(m, f): n for m, source in SOURCES.items() for f, n in lengths(source).items()}
    assert not {function: count for function, count in counts.items() if count > FUNCTION_LINES}


def test_length_is_counted_without_the_signature_and_the_docstring():
    assert lengths('def f(\n    x\n):\n    """One\n    two."""\n    return 1\n') == {"f": 1}


def test_modules_have_a_docstring():
    assert not [m for m, source in SOURCES.items() if not ast.get_docstring(parsed(source))]


def without_backend(code: str) -> subprocess.CompletedProcess:
    """Runs Python where JAX finds no device, so that starting a backend is an error."""
    environment = {**os.environ, "JAX_PLATFORMS": "nonexistent"}
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_import_starts_no_backend():
    modules = [".".join(filter(None, ["gradcompare", m])) for m in MODULES if m != "__main__"]
    outcome = without_backend(
        f"import importlib\nfor name in {modules}: importlib.import_module(name)\n"
        "import gradcompare\nfor name in gradcompare.__all__: getattr(gradcompare, name)"
    )
    assert outcome.returncode == 0, outcome.stderr


def test_a_module_level_array_would_be_noticed():
    assert without_backend("import jax.numpy as jnp; jnp.zeros(1)").returncode != 0


def test_every_public_name_is_there_and_no_other():
    for name in gradcompare.__all__:
        assert getattr(gradcompare, name).__name__ == name
        assert name in dir(gradcompare)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        gradcompare.nonsense  # noqa: B018
