"""The recipes of CONTRIBUTING.md work, and the pages for contributors say what is so."""

import importlib
import re
import sys
import tomllib
from pathlib import Path
from typing import get_type_hints

import jax.numpy as jnp
import numpy as np
import pytest
from constant_values import constants
from evidence import made

import gradcompare
from gradcompare import AbstractEvaluator, Verdict, compare, estimate, list_objectives
from gradcompare._api.registry import registered_objectives, shipped_modules
from gradcompare._foundation.serialization import FORMAT
from gradcompare.diagnosis.diagnose import diagnose, hypotheses
from gradcompare.methods._registry import find_method, registered_methods

ROOT = Path(__file__).parent.parent
PACKAGE = Path(gradcompare.__file__).parent
PAGES = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in (
        "CONTRIBUTING.md", "CHANGELOG.md", "docs/internals.md", "docs/glossary.md",
        "docs/stability.md",
    )
}  # fmt: skip
RECIPES = dict(
    re.findall(
        r"^`(gradcompare/\S+\.py)`:\n\n```python\n(.*?)^```",
        PAGES["CONTRIBUTING.md"],
        re.MULTILINE | re.DOTALL,
    )
)
[OBJECTIVE] = [path for path in RECIPES if path.startswith("gradcompare/objectives/")]
[METHOD] = [path for path in RECIPES if path.startswith("gradcompare/methods/")]
[HYPOTHESIS] = [path for path in RECIPES if path.startswith("gradcompare/diagnosis/hypotheses/")]


def forget() -> None:
    """What was found in the folders is looked for again."""
    for each in (registered_objectives, shipped_modules, registered_methods, hypotheses):
        each.cache_clear()
    importlib.invalidate_caches()


@pytest.fixture
def add(tmp_path, monkeypatch):
    """`add(path, code)` puts a file into its folder of the package, until the test ends."""
    added = []

    def add_file(path: str, code: str) -> None:
        name = path.removesuffix(".py").replace("/", ".")
        package = importlib.import_module(name.rpartition(".")[0])
        (tmp_path / Path(path).name).write_text(code, encoding="utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
        added.append((package, name))
        forget()

    yield add_file
    for package, name in added:
        sys.modules.pop(name, None)
        vars(package).pop(name.rpartition(".")[2], None)
    monkeypatch.undo()
    forget()


def test_there_is_one_recipe_for_each_kind():
    assert PAGES["CONTRIBUTING.md"].count("```python\n") == len(RECIPES) == 3
    assert not any((PACKAGE.parent / path).exists() for path in RECIPES)


def test_an_objective_is_listed_and_compared(add):
    before = list_objectives()
    add(OBJECTIVE, RECIPES[OBJECTIVE])
    [name] = set(list_objectives()) - set(before)
    assert compare(name, timing=False).verdict is Verdict.AGREE


def test_a_fault_in_the_objective_is_found(add):
    right = "return jnp.tanh(data.X @ w - data.y) @ data.X"
    assert RECIPES[OBJECTIVE].count(right) == 1
    add(OBJECTIVE, RECIPES[OBJECTIVE].replace(right, right.replace("return", "return 0.5 *")))
    assert compare("log-cosh", timing=False).verdict is Verdict.ANALYTIC_WRONG


X = np.array([0.3, -1.2, 2.5, 0.0])


@pytest.mark.parametrize(
    ("options", "truth"),
    [({}, np.cos(X)), ({"direction": np.ones(4)}, np.sum(np.cos(X)))],
    ids=["gradient", "directional"],
)
def test_the_bar_of_the_method_holds(add, options, truth):
    add(METHOD, RECIPES[METHOD])
    given = estimate(lambda x: jnp.sum(jnp.sin(x)), X, method="five-point", **options)
    assert np.all(np.abs(given.value - truth) <= given.error)
    assert np.all(given.error < 1e-5)


def test_the_method_is_of_fourth_order(add):
    add(METHOD, RECIPES[METHOD])
    kind = type(find_method("five-point"))
    steps = np.array([0.2, 0.1, 0.05])
    found = [estimate(jnp.exp, 1.0, method=kind(relative_step=h)).value for h in steps]
    errors = np.abs(np.array(found) - np.e)
    np.testing.assert_allclose(np.log2(errors[:-1] / errors[1:]), 4, atol=0.1)


def test_the_method_stays_inside_of_the_domain(add):
    add(METHOD, RECIPES[METHOD])
    bounds = (0.0, np.inf)
    near = estimate(jnp.sqrt, 1e-3, method=find_method("five-point"), bounds=bounds)
    assert abs(near.value - 0.5 / np.sqrt(1e-3)) <= near.error
    assert np.isinf(estimate(jnp.sqrt, 0.0, method="five-point", bounds=bounds).error)


def clipped(r, x):
    return np.clip(r, -0.5, 0.5)


def nearly_clipped(r, x):
    return np.clip(r, -0.5, 0.5 + 1e-9 * x**2)


def test_the_hypothesis_recognises_its_fault(add):
    assert all(finding.kind != "clipped" for finding in diagnose(made(clipped)))
    add(HYPOTHESIS, RECIPES[HYPOTHESIS])
    [finding] = diagnose(made(clipped))
    assert (finding.kind, finding.residual) == ("clipped", 0)
    assert "clipped to ±0.5" in finding.sentence


def test_the_hypothesis_lets_a_near_miss_through(add):
    add(HYPOTHESIS, RECIPES[HYPOTHESIS])
    assert all(finding.kind != "clipped" for finding in diagnose(made(nearly_clipped)))


@pytest.mark.parametrize("path", [METHOD, HYPOTHESIS])
def test_constants_of_the_recipes_have_names_of_their_own(path):
    taken = {name.rpartition(".")[2] for name in constants()}
    assert len(taken) > 100
    assert taken.isdisjoint(re.findall("^([A-Z_]+) = [0-9]", RECIPES[path], re.MULTILINE))


def test_the_method_takes_any_evaluator(add):
    add(METHOD, RECIPES[METHOD])
    for method in registered_methods().values():
        assert get_type_hints(type(method).estimate)["evaluator"] is AbstractEvaluator, method


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)", PAGES[page]):
        assert target.startswith("https://") or (ROOT / page).parent.joinpath(target).exists()


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/internals.md"])
def test_files_that_are_named_are_there(page):
    named = re.findall(r"`((?:\w+/)+\w*(?:\.\w+)?)`", PAGES[page])
    assert len(named) > 3
    for path in set(named) - set(RECIPES):
        assert (ROOT / path).exists() or (PACKAGE / path).exists(), path


def test_every_package_is_on_the_map():
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert len(folders) >= 15
    assert not [name for name in folders if f"**`{name}`**" not in PAGES["docs/internals.md"]]


def test_the_glossary_is_in_order_and_has_each_word_once():
    words = re.findall(r"^\| ([^|]+) \|", PAGES["docs/glossary.md"], re.MULTILINE)[1:]
    assert len(words) > 50
    assert [word.lower() for word in words] == sorted({word.lower() for word in words})


def test_versions_are_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {project['version']}\n" in citation
    assert f"\n## [{project['version']}] - " in PAGES["CHANGELOG.md"]


def test_the_page_on_stability_names_the_format_of_json():
    assert f"This version writes format {FORMAT}." in PAGES["docs/stability.md"]
