"""The numeric constants of the package, and the package with one of them changed.

A constant is read where it is defined, where it is imported, and by what is worked out from it
when its module is loaded: other constants, and defaults of fields. `changed` sets all of these,
and puts them back.
"""

import ast
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import gradcompare

PACKAGE = Path(gradcompare.__file__).parent

PACKAGES = (
    "_results",
    "methods",
    "_evaluation",
    "_points",
    "diagnosis",
    "_engine",
    "_locate",
    "_model",
)
"""The packages that judge, diagnose, and choose where and how."""


SHOWS = ("_results.html", "_results.report")
"""What only draws and prints, and decides nothing."""


def is_numeric(value: object) -> bool:
    """Whether a constant is a number, or some numbers in a row."""
    if isinstance(value, tuple):
        return bool(value) and all(map(is_numeric, value))
    return type(value) in (int, float, range)


@cache
def tree_of(module: str) -> ast.Module:
    file = sys.modules[module].__file__
    assert file is not None
    return ast.parse(Path(file).read_text("utf-8"))


def assigned(statement: ast.stmt) -> list[str]:
    """The names that a statement assigns to."""
    targets = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    flat = [each for t in targets for each in (t.elts if isinstance(t, ast.Tuple) else [t])]
    return [each.id for each in flat if isinstance(each, ast.Name)]


def constants() -> dict[str, Any]:
    """Every numeric constant, `package.module.NAME`, with its value."""
    result = {}
    for path in sorted(path for name in PACKAGES for path in (PACKAGE / name).rglob("*.py")):
        inner = path.relative_to(PACKAGE).with_suffix("").parts
        module = ".".join(inner).removesuffix(".__init__")
        if module.startswith(SHOWS):
            continue
        space = importlib.import_module(f"gradcompare.{module}")
        for statement in tree_of(space.__name__).body:
            for name in filter(lambda name: name.strip("_").isupper(), assigned(statement)):
                if is_numeric(getattr(space, name)):
                    result[f"{module}.{name}"] = getattr(space, name)
    return result


def loaded() -> list[str]:
    """The modules that may use a constant: those of the package, and the benchmarks beside it."""
    roots = (PACKAGE, Path(__file__).parent)

    def inside(module: ModuleType) -> bool:
        file = getattr(module, "__file__", None)
        return bool(file) and any(root in Path(file).parents for root in roots)

    return [name for name, module in list(sys.modules.items()) if inside(module)]


@cache
def imported(module: str) -> dict[tuple[str, str], str]:
    """What a module imports from others: its module and name there, and the name here."""
    file, result = sys.modules[module].__file__ or "", {}
    package = module if file.endswith("__init__.py") else module.rpartition(".")[0]
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            source = ".".join([*(base if node.level else []), *filter(None, [node.module])])
            result |= {(source, each.name): each.asname or each.name for each in node.names}
    return result


def mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))


@dataclass
class Change:
    """A constant, with all that follows from it, and the way back."""

    undo: list[tuple[Any, str, Any]] = field(default_factory=list)

    def assign(self, owner: Any, name: str, value: Any) -> None:
        self.undo.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)

    def spread(self, module: str, name: str) -> None:
        """Brings up to date what depends on a name of a module, in it and elsewhere."""
        space = sys.modules[module]
        for other in loaded():
            local = imported(other).get((module, name))
            if local is not None and hasattr(sys.modules[other], local):
                self.assign(sys.modules[other], local, getattr(space, name))
                self.spread(other, local)
        for statement in tree_of(module).body:
            if isinstance(statement, (ast.Assign, ast.AnnAssign)):
                self._again(space, statement, name)
            elif isinstance(statement, ast.ClassDef):
                self._fields(space, statement, name)
            elif isinstance(statement, ast.FunctionDef) and any(
                mentions(default, name) for default in statement.args.defaults
            ):
                raise NotImplementedError(f"{name} is a default of {statement.name}")

    def _again(self, space: ModuleType, statement: ast.Assign | ast.AnnAssign, name: str) -> None:
        """Works out anew what is made of a name when the module is loaded."""
        if statement.value is None or not mentions(statement.value, name):
            return
        code = compile(ast.Expression(statement.value), str(space.__file__), "eval")
        value, names = eval(code, vars(space)), assigned(statement)
        values = value if len(names) > 1 else [value]
        for target, each in zip(names, values, strict=True):
            self.assign(space, target, each)
            self.spread(space.__name__, target)

    def _fields(self, space: ModuleType, definition: ast.ClassDef, name: str) -> None:
        """Gives the fields of a data class their defaults anew."""
        stale = [s for s in definition.body if isinstance(s, ast.AnnAssign) and s.value]
        stale = [s for s in stale if s.value is not None and mentions(s.value, name)]
        if not stale:
            return
        made = getattr(space, definition.name)
        code = made.__init__.__code__
        arguments = code.co_varnames[: code.co_argcount]
        defaults = list(made.__init__.__defaults__)
        for statement in stale:
            (target,) = assigned(statement)
            assert statement.value is not None
            code = compile(ast.Expression(statement.value), str(space.__file__), "eval")
            defaults[arguments.index(target) - len(arguments)] = eval(code, vars(space))
        self.assign(made.__init__, "__defaults__", tuple(defaults))
        self.spread(space.__name__, definition.name)

    def back(self) -> None:
        for owner, name, value in reversed(self.undo):
            setattr(owner, name, value)


@contextmanager
def changed(constant: str, value: Any) -> Iterator[None]:
    """The package with another value of a constant, `package.module.NAME`."""
    module, _, name = f"gradcompare.{constant}".rpartition(".")
    change = Change()
    try:
        change.assign(importlib.import_module(module), name, value)
        change.spread(module, name)
        yield
    finally:
        change.back()
