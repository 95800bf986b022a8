"""Nothing but the Python that a user names is executed, as SECURITY.md promises."""

import ast
import html
import json
import os
import pickle
import re
import stat
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sweeps import marked

import gradcompare
from gradcompare import Comparison, InputError, check
from gradcompare._foundation.storage.whole import write_whole
from gradcompare.cli.inputs.formula import Formula
from gradcompare.cli.main import main

PACKAGE = Path(gradcompare.__file__).parent
CORPUS = json.loads((Path(__file__).parent / "data" / "hostile.json").read_text())
SCRIPT = "<script>alert(1)</script>"


CALLS = re.compile(r"(?<![\w.])(eval|exec|compile|__import__|(?:pickle|marshal|np|os)\.\w+)\(")


def named(node):
    """The dotted name that is called, such as `np.load`."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def calls(path):
    """The calls in a file, if it has one of interest."""
    text = path.read_text(encoding="utf-8")
    nodes = ast.walk(ast.parse(text)) if CALLS.search(text) else ()
    return [node for node in nodes if isinstance(node, ast.Call)]


def test_nothing_is_compiled_or_unpickled():
    """Where another call of these is needed, SECURITY.md has to say what is trusted."""
    found, loads = set(), []
    for path in PACKAGE.rglob("*.py"):
        for node in calls(path):
            name = named(node)
            if re.fullmatch(
                r"eval|exec|compile|__import__|(pickle|marshal)\.\w+|os\.system", name
            ):
                found.add(f"{path.relative_to(PACKAGE)}: {name}")
            if name == "np.load":
                loads.append({key.arg: ast.unparse(key.value) for key in node.keywords})
    # Work that goes from this process to one that it starts, or to the workers of an executor.
    senders = ("cli/interrupts/parent.py", "_foundation/executors/tasks.py")
    assert found == {f"{file}: pickle.{name}" for file in senders for name in ("dumps", "loads")}
    assert loads
    assert all(options["allow_pickle"] == "False" for options in loads)


def test_formulas_and_json_import_nothing():
    """The modules that read them name no way to import, but by `import` at their top."""
    readers = [*(PACKAGE / "cli" / "inputs").glob("*.py")]
    readers += [PACKAGE / "_foundation" / "serialization.py"]
    readers += [*(PACKAGE / "_foundation" / "storage").glob("*.py")]
    for path in readers:
        names = set(map(named, ast.walk(ast.parse(path.read_text(encoding="utf-8")))))
        assert not {each for each in names if "import" in each and each != "_make_importable"}


class Opens:
    def __reduce__(self):
        return open, ("hacked", "w")


@pytest.mark.parametrize("name", ["x.npz", "x.npy", "x.json"])
def test_a_pickle_is_no_file_of_numbers(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(pickle.dumps(Opens()))
    at = name if name.endswith("z") else f"x={name}"
    ran = CliRunner().invoke(main, ["check", "--value", "sum(x**2)", "--at", at, "--no-cache"])
    assert ran.exit_code == 2, ran.output
    assert not Path("hacked").exists()


@pytest.mark.parametrize("formula", CORPUS["formulas"])
def test_the_corpus_of_formulas(formula, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    evaluated(formula)
    assert not list(tmp_path.iterdir())


def evaluated(text):
    """Reads and evaluates a formula: it has a value, or an InputError says why not."""
    try:
        formula = Formula.of(text)
        formula(dict.fromkeys(formula.names, np.array([0.5, 1.5])))
    except InputError:
        pass


PARTS = [
    *(
        "x",
        "y",
        "1",
        "0.5",
        "1e9",
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        ":",
        "**",
        "*",
        "@",
        "-",
        "==",
        "~",
    ),
    *(
        "sum",
        "exp",
        "where",
        "einsum",
        "reshape",
        "zeros",
        "jnp",
        "T",
        "lambda",
        "if",
        "__class__",
    ),
    *(
        "'ij,j->i'",
        "None",
        "...",
        "axis",
        "=",
        " ",
        "for",
        "in",
        "{",
        "}",
        "|",
        "<",
        "9999",
        "\\",
        "#",
    ),
]


@settings(max_examples=150)
@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
@example("x\0")
@example("\ud800")
def test_no_formula_leads_to_another_error(text):
    evaluated(text)


@pytest.mark.sweep
@settings(max_examples=3000)
@given(st.text(max_size=30) | st.lists(st.sampled_from(PARTS), max_size=20).map("".join))
def test_no_text_leads_to_another_error(text):
    evaluated(text)


@pytest.fixture(scope="module")
def written():
    return check(lambda x: (x**2).sum(), lambda x: 3 * x, [1.0, 2.0], points=1).to_json()


def read(text):
    """Reads a comparison: it can be printed, or an InputError says why it was refused."""
    try:
        comparison = Comparison.from_json(text)
    except InputError:
        return
    str(comparison)
    comparison.to_json()


@pytest.mark.parametrize("text", CORPUS["json"])
def test_the_corpus_of_json(text):
    read(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def paths(node, path=()):
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in children:
        yield (*path, key)
        if isinstance(child, (dict, list)):
            yield from paths(child, (*path, key))


@pytest.mark.parametrize("examples", [12, marked(2000)])
def test_no_json_leads_to_another_error(written, examples):
    whole = json.loads(written)
    places = list(paths(whole))

    @settings(max_examples=examples)
    @given(st.sampled_from(places), JSON)
    def replaced(place, part):
        changed = json.loads(written)
        *parents, last = place
        node = changed
        for key in parents:
            node = node[key]
        node[last] = part
        read(json.dumps(changed))

    replaced()


def test_kinds_and_classes_in_json_are_names_only(written, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for kind in ("os.system", "builtins.open", "__main__.Opens"):
        with pytest.raises(InputError, match="read it with"):
            Comparison.from_json(written.replace('"kind": "Comparison"', f'"kind": "{kind}"'))
    assert not list(tmp_path.iterdir())


def fails(x):
    raise ValueError(SCRIPT)  # <script>alert(1)</script>


def scripted(x):
    return (x["<script>alert(1)</script>"] ** 2).sum()


scripted.__name__ = SCRIPT


def slip(x):
    return {name: 3 * part for name, part in x.items()}  # <script>alert(1)</script>


def test_html_escapes_what_comes_from_users(tmp_path):
    """Names of functions and parameters, source lines, notes and messages, in each place."""
    pytest.importorskip("jinja2")
    point = {SCRIPT: np.array([1.0, 2.0])}
    wrong = check(scripted, slip, point, points=1)
    broken = check(fails, None, np.array([1.0]), on_error="row")
    noted = json.loads(wrong.to_json().replace("AGREE", "AGREE"))
    noted["results"][0]["notes"] = [SCRIPT]
    noted["settings"]["asked"] = {"formulas": {SCRIPT: SCRIPT}, "drawn": SCRIPT}
    noted["environment"] = {SCRIPT: SCRIPT}
    for comparison in (wrong, broken, Comparison.from_json(json.dumps(noted))):
        for page in (comparison.to_html(), comparison._repr_html_()):
            assert "alert(1)" in page
            assert SCRIPT not in page
            assert html.escape(SCRIPT) in page or "\\u003c" in page


def test_the_cache_is_the_users_alone(tmp_path, monkeypatch):
    import jax

    from gradcompare.cli import compilation_cache

    before = jax.config.jax_compilation_cache_dir
    monkeypatch.setattr(compilation_cache, "cache_directory", lambda: None)
    monkeypatch.setattr(
        compilation_cache.platformdirs, "user_cache_path", lambda name: tmp_path / "of" / name
    )
    old = os.umask(0)
    try:
        compilation_cache.use_compilation_cache()
        made = Path(jax.config.jax_compilation_cache_dir)
        for folder in (made, made.parent):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        os.umask(old)
        jax.config.update("jax_compilation_cache_dir", before)


def test_a_temporary_file_cannot_be_foreseen(tmp_path, monkeypatch):
    opened = []
    real = os.open

    def watched(path, flags, *mode, **options):
        if Path(path).parent == tmp_path:
            opened.append((Path(path).name, flags))
        return real(path, flags, *mode, **options)

    monkeypatch.setattr(os, "open", watched)
    for _ in range(2):
        write_whole(tmp_path / "r.json", "{}")
    (first, flags), (second, _) = opened
    assert first != second
    assert flags & os.O_EXCL  # a link that another user has put there is not followed
    assert len(re.sub(r"\W|r|json", "", first)) >= 10


def test_check_of_a_file_writes_nothing_beside_it(tmp_path):
    file = tmp_path / "model.py"
    file.write_text("import other\ndef loss(x):\n    return (x**2).sum()\n")
    (tmp_path / "other.py").write_text("")
    for command in (["check", f"{file}:loss", "--at", "x=1,2"], ["run", str(file)]):
        CliRunner().invoke(main, command)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.py", "other.py"]
