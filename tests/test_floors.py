"""The building: which module may import which, and what no module may do."""

import ast
import os
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

import gradcompare

FLOORS = (
    ("_errors", "_numbers", "_json", "_nudge", "_track", "_finding"),
    (
        *("_precision", "_tree", "_jaxprs", "_source", "_domain", "_vocabulary"),
        *("_splitting", "_inputs"),
    ),
    (
        *("_rewrite", "_arms", "_estimate", "_timing", "_environment", "_chunks"),
        *("_syntax", "_given", "_location"),
    ),
    (
        *("_convention", "_verdict", "_compilation_cache", "_formula", "_asked", "_suspects"),
        *("_choices", "_flat", "_record", "_taken"),
    ),
    ("_objective", "_asked_formulas", "_recorded"),
    ("_pairs", "_points", "_program", "_adapt", "_judge"),
    ("_summary", "_host", "_compiled_values"),
    ("_result", "_programs"),
    ("_traced_branches", "_recorded_branches", "_method", "_valid", "_against", "_story"),
    ("_plan", "_branches"),
    ("_narrow", "_seek", "_taylor"),
    ("_coverage", "_point"),
    ("diagnosis.*",),
    ("_study",),
    ("_engine", "methods.*", "objectives.*"),
    ("_registry", "_families", "_mismatch"),
    ("_compare", "_request", "_search"),
    ("_check", "_processes", "_locate", "_watch", "_selftest", "_estimation", "report.*"),
    ("_cli_locate",),
    ("_cli_check",),
    ("cli", "testing", "pytest_plugin", ""),
    ("__main__", "_starter"),
)
"""From the ground up; "" is the package itself. A module imports from below, and inside a
package such as `methods` from its neighbours as well."""

PACKAGE = Path(gradcompare.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    .removesuffix("__init__")
    .rstrip("."): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
LINES, FUNCTION_LINES = 250, 40


def floor(module: str) -> int:
    """The floor of a module; a package such as `methods` lives with what is in it."""
    found = [
        level
        for level, patterns in enumerate(FLOORS)
        if any(fnmatch(module, p) or p == f"{module}.*" for p in patterns)
    ]
    assert len(found) == 1, f"{module or 'the package'} is on the floors {found}, not on one"
    return found[0]


def at_run_time(tree: ast.AST):
    """All nodes but those under `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from at_run_time(node)


def imports(module: str, source: str) -> set[str]:
    """The modules of the package that `source`, the text of `module`, imports."""
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for node in at_run_time(ast.parse(source)):
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
    neighbours = module.rpartition(".")[0] == other.rpartition(".")[0] != ""
    return neighbours or floor(other) < floor(module)


every_module = pytest.mark.parametrize("module", MODULES)


@every_module
def test_imports_come_from_below(module):
    for other in imports(module, MODULES[module].read_text()):
        assert may_import(module, other), f"{module} imports {other}"


def test_an_import_from_above_is_noticed():
    assert imports("_errors", "from .cli import main") == {"cli"}
    assert imports("_engine", "def f():\n    from .methods import X") == {"methods"}
    assert imports("methods.analytic", "from .._method import A") == {"_method"}
    assert imports("report.table", "from gradcompare import _check, cli") == {"_check", "cli"}
    assert imports("_tree", "if TYPE_CHECKING:\n    from .cli import main") == set()
    assert not may_import("_errors", "cli")
    assert not may_import("_engine", "methods")
    assert not may_import("_result", "_result")
    assert may_import("methods.autodiff", "methods.analytic")


def test_no_import_cycles():
    """Neighbours may import each other, so the floors alone do not rule cycles out."""
    left = {module: imports(module, path.read_text()) for module, path in MODULES.items()}
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
    used = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Attribute, ast.Import, ast.ImportFrom, ast.Call)):
            text = ast.unparse(node)
            used += [name for name in FORBIDDEN if name in text]
    return used


SETTING = ["_compilation_cache"]
"""What only the command line calls, where the process is its own."""


@pytest.mark.parametrize("module", [m for m in MODULES if m not in SETTING])
def test_nothing_private_and_nothing_global(module):
    assert not forbidden(MODULES[module].read_text())


def test_only_the_command_line_sets_what_is_global():
    for setting in SETTING:
        users = [m for m, path in MODULES.items() if setting in imports(m, path.read_text())]
        assert set(users) == {"_processes", "_cli_check"}


def test_what_is_forbidden_is_noticed():
    for line in (
        "from jax._src import core",
        "import jax._src.core",
        "jax.config.update('jax_enable_x64', True)",
        "os.environ.setdefault('jax_enable_x64', '1')",
        "warnings.filterwarnings('ignore')",
    ):
        assert forbidden(line), line


def lengths(source: str) -> dict[str, int]:
    """How many lines each function has, without its signature and docstring."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            described = ast.get_docstring(node) is not None and len(node.body) > 1
            found[node.name] = node.end_lineno - node.body[described].lineno + 1
    return found


@every_module
def test_modules_and_functions_are_short(module):
    source = MODULES[module].read_text()
    assert len(source.splitlines()) <= LINES
    long = {name: count for name, count in lengths(source).items() if count > FUNCTION_LINES}
    assert not long


def test_length_is_counted_without_the_signature_and_the_docstring():
    assert lengths('def f(\n    x\n):\n    """One\n    two."""\n    return 1\n') == {"f": 1}


@every_module
def test_modules_have_a_docstring(module):
    assert ast.get_docstring(ast.parse(MODULES[module].read_text()))


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
