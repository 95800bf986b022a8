"""The site: links, what every page is run by, the API pages; and built, with a browser's rules.

The last tests need the extra `docs`, and Chromium for the rules of accessibility. The stage `site`
of `.ci/run` has both.
"""

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pages import FENCE, PAGES, ROOT, anchors_of, text_of

import gradcompare
from gradcompare import testing

DOCS = ROOT / "docs"
RUN_BY = {
    "CONTRIBUTING.md": "test_contributing",
    "README.md": "test_readme",
    "docs/bench.md": "test_site",
    "docs/checks.md": "test_readme",
    "docs/clusters.md": "test_clusters_page",
    "docs/custom-rules.md": "test_rules",
    "docs/found.md": "test_found",
    "docs/manifolds.md": "test_retraction",
    "docs/matrices.md": "test_matrices_page",
    "docs/my-check-failed.md": "test_my_check_failed",
    "docs/my-own-gradient.md": "test_readme",
    "docs/numbers.md": "test_readme",
    "docs/numpy-code.md": "test_twin",
    "docs/pictures.md": "test_plot",
    "docs/reports.md": "test_html",
    "docs/start.md": "test_readme",
    "docs/without-a-step.md": "test_without_a_step",
}
"""Which test runs the Python of a page."""


def links_of(page: str) -> list[str]:
    """The targets of the links and pictures of a page, without those in code."""
    text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text_of(page)))
    return re.findall(r"\]\(([^)\s]+)\)", text)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    """A file that is there, and a heading that it has."""
    for target in links_of(page):
        if target.startswith(("https://", "http://")):
            continue
        file, _, heading = target.partition("#")
        path = ((ROOT / page).parent / file).resolve() if file else ROOT / page
        assert path.is_file(), target
        assert path.is_relative_to(ROOT.resolve()), target
        if heading:
            assert heading in anchors_of(str(path.relative_to(ROOT.resolve()))), target


def test_a_link_to_nothing_would_be_noticed():
    assert "the-table-of-run" in anchors_of("docs/command-line.md")
    assert "a-heading-that-is-not-there" not in anchors_of("docs/command-line.md")
    assert "docs/command-line.md#the-table-of-run" in links_of("README.md")


@pytest.mark.parametrize("page", PAGES)
def test_the_python_of_a_page_is_run_by_a_test(page):
    assert (page in RUN_BY) is ("```python\n" in text_of(page))
    if page in RUN_BY:
        test = (Path(__file__).parent / f"{RUN_BY[page]}.py").read_text(encoding="utf-8")
        assert Path(page).name in test


@pytest.mark.sweep
def test_the_example_of_the_page_on_benchmarks_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ((example,),) = [re.findall(r"```python\n(.*?)```", text_of("docs/bench.md"), re.DOTALL)]
    exec(compile(example, "model.py", "exec"), {})
    assert {path.name for path in tmp_path.iterdir()} == {"ridge.jsonl", "ridge.csv"}


def test_every_public_name_is_in_the_reference_and_in_its_table():
    pages = [path for path in (DOCS / "api").glob("*.md") if path.stem != "index"]
    named = [
        name
        for path in pages
        for name in re.findall(
            r"^\.\. auto(?:function|class):: gradcompare\.(\S+)$",
            path.read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    ]
    pictures = re.findall(r"import (\w+) as", Path(gradcompare.plot.__file__).read_text("utf-8"))
    public = [*gradcompare.__all__, *(f"testing.{name}" for name in testing.__all__)]
    assert sorted(named) == sorted([*public, *(f"plot.{name}" for name in pictures)])
    index = text_of("docs/api/index.md")
    assert not [name for name in named if f"`{name}`" not in index]


def test_every_page_is_in_a_table_of_contents():
    """Sphinx says so too, where it is installed."""
    listed = set()
    for page in PAGES:
        for fence in re.findall(r"^```\{toctree\}\n(.*?)^```", text_of(page), re.M | re.S):
            for line in fence.splitlines():
                name = re.sub(r".*<(.*)>$", r"\1", line)
                if name and not name.startswith(":"):
                    listed.add(((ROOT / page).parent / name).resolve())
    for page in PAGES:
        if page not in ("README.md", "docs/index.md"):
            assert (ROOT / page).resolve().with_suffix("") in listed, page


# --- packaging -----------------------------------------------------------------------------------

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_extra_all_has_what_a_user_may_want():
    extras = PROJECT["optional-dependencies"]
    (all_of_them,) = extras["all"]
    inside = re.fullmatch(r"gradcompare\[(.*)\]", all_of_them)
    assert inside is not None
    assert set(inside[1].split(",")) == set(extras) - {"all", "bench", "docs", "test"}


def test_the_recipe_for_conda_has_the_requirements_of_the_project():
    recipe = text_of("packaging/conda/recipe.yaml")
    run = re.search(r"^  run:\n((?:    - .*\n)+)", recipe, re.MULTILINE)
    assert run is not None
    required = re.findall(r"- (\S+) (>=\S+)", run[1])
    expected = [re.fullmatch(r"([\w-]+)(>=.*)", line) for line in PROJECT["dependencies"]]
    assert required == [
        ("python", PROJECT["requires-python"]),
        *(match.groups() for match in expected if match),
    ]
    assert f'  version: "{PROJECT["version"]}"\n' in recipe
    for name, module in PROJECT["scripts"].items():
        assert f"- {name} = {module}\n" in recipe


# --- built ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site, built by the command of README.md."""
    for package in ("sphinx", "furo", "myst_nb", "jupytext"):
        if importlib.util.find_spec(package) is None:
            pytest.skip("no site without the extra `docs`")
    folder = tmp_path_factory.mktemp("site")
    (command,) = re.findall(r"sphinx-build (.*) build/site$", text_of("README.md"), re.MULTILINE)
    outcome = subprocess.run(
        [sys.executable, "-m", "sphinx", *command.split(), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr == ""
    return folder


class Addresses(HTMLParser):
    """What a page loads, the links of a page, and the names in it."""

    def __init__(self, text):
        super().__init__()
        self.loaded, self.links, self.names = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.names.add(found.get("id"))
        if tag == "a":
            self.links.append(found.get("href") or "")
        elif tag == "link":
            self.loaded.append(found.get("href") or "")
        else:
            self.loaded.extend(found[name] for name in ("src", "srcset", "data") if name in found)


@pytest.fixture(scope="module")
def parsed(site):
    return {
        path: Addresses(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))
    }


@pytest.mark.sweep
def test_nothing_is_loaded_from_elsewhere(site, parsed):
    assert len(parsed) > 50
    for path, page in parsed.items():
        for address in page.loaded:
            assert not re.match(r"(https?:)?//", address), (path, address)
    styles = [path.read_text(encoding="utf-8") for path in site.rglob("*.css")]
    assert not [style for style in styles if re.search(r"(@import|url\()[^;)]*//\w", style)]


@pytest.mark.sweep
def test_links_within_the_site_lead_to_their_headings(site, parsed):
    chapter = "docs/my-check-failed.html#gc302-analytic_wrong"
    for path, page in [*parsed.items(), (site / "index.html", None)]:
        for link in page.links if page else [chapter]:
            file, _, name = link.partition("#")
            if re.match(r"\w+:", link) or path.name in ("search.html", "genindex.html"):
                continue
            target = (path.parent / file).resolve() if file else path
            assert target.is_file(), (path, link)
            if name and target in parsed:
                assert name in parsed[target].names, (path, link)


DARK = ("api/checks", "comparison", "examples/camera", "lecture", "start")
"""A page of each kind, looked at in the dark too."""


@pytest.mark.sweep
def test_axe_finds_nothing_serious(chromium, site, parsed):
    spec = importlib.util.find_spec("axe_core_python")
    if spec is None or spec.origin is None:
        pytest.skip("no axe-core: pip install axe-core-python")
    axe = Path(spec.origin).with_name("axe.min.js").read_text(encoding="utf-8")
    report = "axe.run().then(r => r.violations.map(v => [v.impact, v.id, v.nodes[0].html]))"
    serious = {}
    # The first page leads to another one at once.
    light = [(path, False) for path in parsed if path != site / "index.html"]
    for path, dark in [*light, *((site / f"docs/{name}.html", True) for name in DARK)]:
        chromium.open(path, dark=dark)
        # Rows are alike, and some tables have hundreds.
        chromium.run("document.querySelectorAll('tr:nth-child(n+9)').forEach(r => r.remove())")
        chromium.run(f"{{ {axe} }}; 0")
        found = [each for each in chromium.run(report) if each[0] in ("serious", "critical")]
        if found:
            serious[f"{path.relative_to(site)}, dark: {dark}"] = found
        assert not [url for url in chromium.requests() if not url.startswith(("file:", "data:"))]
    assert not serious, json.dumps(serious, indent=1)


@pytest.mark.sweep
def test_axe_finds_what_is_planted(chromium, site):
    """Grey on grey, and a picture without words."""
    axe = pytest.importorskip("axe_core_python").__file__
    chromium.open(site / "docs" / "start.html")
    chromium.run("document.querySelector('p').style.color = '#ccc'; 0")
    chromium.run("document.querySelector('article img').removeAttribute('alt'); 0")
    script = Path(axe).with_name("axe.min.js").read_text(encoding="utf-8")
    chromium.run(f"{{ {script} }}; 0")
    found = chromium.run("axe.run().then(r => r.violations.map(v => v.id))")
    assert {"color-contrast", "image-alt"} <= set(found)


@pytest.mark.sweep
def test_a_phone_is_wide_enough(chromium, site, parsed):
    for path in parsed:
        if path != site / "index.html":
            chromium.open(path, width=360)
            assert chromium.run("document.documentElement.scrollWidth") <= 360, path
            assert chromium.messages() == [], path
