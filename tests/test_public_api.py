"""The public names and their signatures, so that none of them changes unawares.

`python tests/test_public_api.py > tests/data/public_api.txt` writes the list anew, where a change
is meant. What the annotations say is checked in tests/typing.
"""

import ast
import dataclasses
import difflib
import enum
import importlib.metadata
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import gradcompare
from gradcompare import testing

LIST = Path(__file__).parent / "data" / "public_api.txt"
TESTING = (
    *("GradientMismatch", "assert_gradient", "assert_objective", "assert_hessian", "assert_hvp"),
    *("assert_jacobian", "assert_jvp", "assert_rule", "assert_vjp"),
)

PLOT = ("coverage", "descent", "estimates", "scaling", "slice", "taylor", "timing", "v_curve")


def signature(function) -> str:
    """The arguments without their annotations, and the defaults that have a name or a number."""
    empty = inspect.Parameter.empty
    parameters = []
    for p in inspect.signature(function).parameters.values():
        default = "..." if inspect.isfunction(p.default) else p.default
        default = default.name if isinstance(default, enum.Enum) else default
        parameters.append(p.replace(annotation=empty, default=default))
    return str(inspect.Signature(parameters))


def members(kind: type) -> list[str]:
    """What an instance has: fields, properties, methods; of our own classes alone."""
    ours = [k for k in kind.__mro__ if k.__module__.startswith("gradcompare")]
    names = {name for k in ours for name in (*vars(k), *inspect.get_annotations(k))}
    lines = []
    for name in sorted(name for name in names if not name.startswith("_")):
        member = inspect.getattr_static(kind, name, None)
        if isinstance(member, (classmethod, staticmethod)) or inspect.isfunction(member):
            lines.append(f"    {name}{signature(getattr(kind, name))}")
        else:
            lines.append(f"    {name}")
    return lines


def listing() -> str:
    lines = ["__version__"]
    public = [(name, getattr(gradcompare, name)) for name in gradcompare.__all__]
    public += [(f"testing.{name}", getattr(testing, name)) for name in TESTING]
    public += [(f"plot.{name}", getattr(gradcompare.plot, name)) for name in PLOT]
    for name, value in public:
        if inspect.isclass(value):
            made = dataclasses.is_dataclass(value) and not inspect.isabstract(value)
            lines += [f"{name}{signature(value) if made else ''}", *members(value)]
        else:
            lines.append(f"{name}{signature(value)}")
    return "\n".join(lines) + "\n"


def test_the_public_names_are_those_listed():
    changes = difflib.unified_diff(
        LIST.read_text(encoding="utf-8").splitlines(), listing().splitlines(), lineterm=""
    )
    assert not list(changes), "if it is meant: python tests/test_public_api.py > " + str(LIST)


def test_type_checkers_see_the_names_that_there_are_at_run_time():
    tree = ast.parse(Path(gradcompare.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.asname: f"gradcompare.{node.module}"
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    assert sorted(seen) == gradcompare.__all__
    for name, module in seen.items():
        assert getattr(sys.modules[module], name) is getattr(gradcompare, name)


def test_the_version_is_that_of_the_package():
    assert gradcompare.__version__ == importlib.metadata.version("gradcompare")
    assert "__version__" in dir(gradcompare)


@pytest.mark.parametrize(
    ("name", "close"), [("chek", "check"), ("Verdikt", "Verdict"), ("__versoin__", "__version__")]
)
def test_a_misspelt_name_is_answered_with_the_closest(name, close):
    with pytest.raises(AttributeError, match=rf"no attribute '{name}'; did you mean '{close}'\?$"):
        getattr(gradcompare, name)


def test_nothing_is_offered_where_nothing_is_close():
    with pytest.raises(AttributeError, match=r"has no attribute 'nonsense'$"):
        gradcompare.nonsense  # noqa: B018


def test_neither_the_import_nor_the_version_imports_jax():
    code = "import sys, gradcompare; gradcompare.__version__; print('jax' in sys.modules)"
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert outcome.stdout.strip() == "False", outcome.stderr


if __name__ == "__main__":
    print(listing(), end="")
