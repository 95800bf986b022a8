"""The HTML page: complete, escaped, self-contained; and in a browser, if there is one."""

import base64
import dataclasses
import hashlib
import importlib.util
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import gradcompare
from gradcompare import Comparison
from gradcompare._foundation.hypertext import links, templates
from gradcompare._results.html.charts import charts
from gradcompare._results.html.quotes import quote
from gradcompare.cli.main import main

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&amp;'\""

MODEL = f"""import jax.numpy as jnp


def loss(w):
    return jnp.sum(w**2) + jnp.sum(jnp.exp(w))  # {EVIL}


def gradient(w):
    return 2 * w + jnp.exp(w) / 2
"""

NAMES = ("ridge", "hinge", "trap-where-sqrt", "trap-stop-gradient", "trap-stochastic")


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    """A wrong gradient, one with an evil name, one that raises, right ones and traps."""
    file = tmp_path_factory.mktemp("html") / "model.py"
    file.write_text(MODEL)
    scope = {}
    exec(compile(MODEL, str(file), "exec"), scope)
    x0 = {"w": np.array([0.3, 1.2])}

    def loss(p):
        return scope["loss"](p["w"])

    def gradient(p):
        return {"w": scope["gradient"](p["w"])}

    def raises(p):
        raise RuntimeError(EVIL)

    registered = gradcompare.compare(NAMES, ("analytic", "reverse", "richardson"), repeats=1)
    wrong = gradcompare.check(loss, gradient, x0, points=1).results[0]
    broken = gradcompare.check(loss, raises, x0, points=1, on_error="row").results[0]
    evil = dataclasses.replace(wrong, objective=EVIL, paths=(EVIL,), notes=(EVIL,))
    found = dataclasses.replace(evil.diagnosis[0], sentence=EVIL, correction="")
    evil = dataclasses.replace(evil, diagnosis=(found,))
    results = (*registered.results, wrong, evil, broken)
    return dataclasses.replace(registered, results=results)


@pytest.fixture(scope="module")
def page(comparison):
    return comparison.to_html()


@pytest.fixture(scope="module")
def path(page, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


VOID = {"meta", "link", "input", "br", "img", "hr"}


class Parsed(HTMLParser):
    """The tags of a page, their attributes, and the text; balanced or an error."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"{tag} ends inside of another"

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def parsed(page):
    return Parsed(page)


@pytest.mark.sweep
def test_tags_are_balanced_or_the_test_would_notice(parsed):
    with pytest.raises(AssertionError):
        Parsed("<p><b></p>")
    assert parsed.all("html") == [{"lang": "en"}]


def test_every_result_is_a_row_and_failures_come_first(comparison, parsed):
    rows = [a for a in parsed.all("li") if "data-verdict" in a]
    assert len(rows) == len(comparison.results) == len(parsed.all("summary"))
    states = [row["data-state"] for row in rows]
    assert states == ["fails"] * 3 + ["declared"] * 3 + ["good"] * 2
    assert [row["data-verdict"] for row in rows][:2] == ["ERROR", "ANALYTIC_WRONG"]
    names = [row["data-name"] for row in rows]
    assert sorted(names) == sorted(result.objective for result in comparison)


def test_pictures_are_there_where_there_are_estimates(comparison, parsed):
    expected = sum(len(charts(result)) for result in comparison)
    assert expected >= 2 * 5
    labels = [a["aria-label"] for a in parsed.all("svg") if "aria-label" in a]
    assert len(labels) == expected
    assert all(charts(result) for result in comparison if result.worst and result.worst.votes)


def test_nothing_of_the_users_is_markup(comparison, page, parsed):
    assert re.findall(r"<script[^>]*>", page) == ["<script>"]
    assert not parsed.all("img")
    assert not [a for _, a in parsed.tags if any(name.startswith("on") for name in a)]
    text = "".join(parsed.text)
    # The name, a remark, a finding, the message and the line of the source.
    assert text.count("<script>alert(1)</script>") >= 5
    for result in comparison:
        assert "<script>alert" not in result._repr_html_()


def test_no_resource_is_outside_of_the_page(page, parsed):
    addresses = [
        a[n] for _, a in parsed.tags for n in ("src", "srcset", "data", "action") if n in a
    ]
    assert not addresses
    assert [a["href"] for a in parsed.all("link")] == ["data:,"]
    policy = next(a["content"] for a in parsed.all("meta") if "http-equiv" in a)
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"url\(|@import|https?://", page.replace("http-equiv", ""))


def test_the_policy_allows_this_script_and_no_other(page):
    script = re.search(r"<script>(.*)</script>", page, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page


def test_the_line_of_the_wrong_term_is_quoted_and_marked(page):
    marked = re.findall(r"<mark>.*?</mark>", page)
    assert any("jnp.sum(jnp.exp(w))" in line for line in marked)
    assert "model.py:5" in page


def test_each_verdict_links_to_its_chapter(comparison, parsed):
    chapters = (Path(__file__).parent.parent / "docs" / "my-check-failed.md").read_text()
    anchors = {
        line.removeprefix("## ").replace(" ", "-").lower()
        for line in chapters.splitlines()
        if line.startswith("## GC")
    }
    hrefs = [a["href"] for a in parsed.all("a")]
    assert len(hrefs) == len(comparison.results)
    assert {href.partition("#")[2] for href in hrefs} <= anchors


def test_the_documentation_is_that_of_the_package(monkeypatch):
    class Metadata:
        def get_all(self, name):
            return ["Source, https://host/x", "Documentation, https://host/docs/"]

    assert links.chapter("GC302", "ANALYTIC_WRONG").startswith("docs/")
    monkeypatch.setattr(links, "metadata", lambda name: Metadata())
    address = "https://host/docs/docs/my-check-failed.md#gc302-analytic_wrong"
    assert links.chapter("GC302", "ANALYTIC_WRONG") == address


def test_only_python_files_are_quoted(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("a\nb\n")
    assert quote(str(secret), 1).lines == ()
    assert quote(str(tmp_path / "gone.py"), 3).lines == ()
    assert quote("", 0) is None


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def contrast(a, b):
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_and_marks_stand_out_in_every_mode(page):
    """By the rules of the WCAG: 4.5 for text, 3 for marks in pictures."""
    assert round(contrast("#ffffff", "#000000"), 3) == 21
    blocks = re.findall(r"\.gradcompare \{([^}]*--ground[^}]*)\}", page)
    assert len(blocks) == 3  # light, dark, paper
    for block in blocks:
        colour = dict(re.findall(r"--(\w+): (#\w{6})", block))
        for back in ("ground", "raised", "mark"):
            assert contrast(colour["text"], colour[back]) >= 4.5
        for text in ("faint", "link", "good", "fails", "declared"):
            assert contrast(colour[text], colour["ground"]) >= 4.5, text
            assert contrast(colour[text], colour["raised"]) >= 4.5, text
        for mark in ("analytic", "autodiff", "differences", "other"):
            assert contrast(colour[mark], colour["ground"]) >= 3, mark


def test_a_place_in_a_notebook_names_the_cell(monkeypatch):
    IPython = pytest.importorskip("IPython")
    from IPython.core.compilerop import CachingCompiler

    class Shell:
        compile = CachingCompiler()

    file = Shell.compile.cache("import math\nmath.nan\n", 7)
    monkeypatch.setattr(IPython, "get_ipython", Shell)
    assert quote(file, 2).where == "In[7]:2"
    assert quote(file, 2).lines == ((1, "import math"), (2, "math.nan"))
    assert quote(__file__, 2).where == "test_html.py:2"


# --- notebooks, the command line -----------------------------------------------------------------


def test_a_notebook_shows_html_and_no_script(comparison):
    found = Parsed(comparison._repr_html_())
    assert len(found.all("details")) == len(comparison.results)
    assert not found.all("script")
    alone = Parsed(comparison.results[0]._repr_html_())
    assert alone.all("details") == [{"open": None}]


def test_every_outcome_has_html(comparison):
    estimate = gradcompare.estimate(lambda x: (x**2).sum(), np.ones(2))
    location = gradcompare.locate(lambda x: x @ x, lambda x: 2 * x, np.ones(3))
    planted = gradcompare.selftest(dataclasses.replace(comparison, results=comparison.results[:1]))
    for outcome in (estimate, location, planted):
        text = "".join(Parsed(outcome._repr_html_()).text)
        assert text == str(outcome)


def test_without_jinja2_the_error_names_the_extra(comparison, monkeypatch, tmp_path):
    templates._environment.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(gradcompare.GradcompareError, match=r"gradcompare\[plot\]"):
        comparison.to_html()
    assert "ANALYTIC_WRONG" in comparison._repr_html_()
    assert comparison._repr_html_().startswith("<pre>")
    outcome = CliRunner().invoke(main, ["run", "ridge", "--html", str(tmp_path / "r.html")])
    assert outcome.exit_code == 2
    assert "gradcompare[plot]" in outcome.stderr


def test_run_and_show_write_the_same_page(tmp_path):
    files = [tmp_path / name for name in ("run.html", "show.html", "result.json")]
    run, show, json = map(str, files)
    runner = CliRunner()
    options = ("run", "ridge", "--no-timing", "--points", "1", "--html", run, "--json", json)
    assert runner.invoke(main, options).exit_code == 0
    assert runner.invoke(main, ["show", json, "--html", show]).exit_code == 0
    assert files[0].read_text() == files[1].read_text()
    assert "ridge" in files[0].read_text()


def test_numbers_that_are_not_finite_make_no_picture_fail(comparison):
    wrong = next(r for r in comparison if r.verdict.name == "ANALYTIC_WRONG")
    point = wrong.points[0]
    for bad in (np.nan, np.inf, 1e308, 5e-324, 0.0):
        estimates = {
            name: dataclasses.replace(e, value=np.full(2, bad), error=np.full(2, abs(bad)))
            for name, e in point.estimates.items()
        }
        changed = dataclasses.replace(point, estimates=estimates, value=bad)
        result = dataclasses.replace(wrong, points=(changed,))
        text = Comparison((result,), comparison.environment, comparison.settings).to_html()
        places = re.findall(r'\b(?:d|cx|x|y)="([^"]*)"', text)
        assert not [place for place in places if re.search("nan|inf", place)]


def test_a_page_of_a_hundred_results_is_small(comparison):
    many = dataclasses.replace(comparison, results=comparison.results * 13)
    assert 100_000 < len(many.to_html().encode()) < 3_000_000


def test_the_example_of_the_documentation_prints_what_it_says(capsys):
    text = (Path(__file__).parent.parent / "docs" / "reports.md").read_text(encoding="utf-8")
    ((code, printed),) = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", text, re.S)
    exec(code, {})
    assert capsys.readouterr().out == printed


def test_nothing_compared_is_a_page_too(comparison):
    parsed = Parsed(Comparison((), comparison.environment, comparison.settings).to_html())
    assert "Nothing was checked" in "".join(parsed.text)


# --- in a browser --------------------------------------------------------------------------------


@pytest.fixture
def opened(chromium, path):
    chromium.open(path)
    yield chromium
    assert chromium.messages() == []
    assert chromium.requests()[1:] in ([], ["data:,"])


VISIBLE = "[...document.querySelectorAll('.results > li')].filter(li => !li.hidden)"


@pytest.mark.slow
def test_rows_are_filtered(opened):
    fill = "const box = document.getElementById('search'); box.value = 'RIDGE agree';"
    opened.run(f"{{ {fill} box.dispatchEvent(new Event('input')); }}")
    assert opened.run(f"{VISIBLE}.map(li => li.dataset.name)") == ["ridge"]
    assert opened.run("document.getElementById('shown').textContent") == "1 of 8 shown"
    opened.run("document.getElementById('search').value = ''")
    opened.run("document.querySelector('[data-state=fails]').click()")
    assert opened.run(f"{VISIBLE}.length") == 3
    opened.run("document.querySelector('.chips [data-verdict=NONFINITE]').click()")
    assert opened.run(f"{VISIBLE}.map(li => li.dataset.name)") == ["trap-where-sqrt"]


@pytest.mark.slow
@pytest.mark.parametrize("key", ["name", "floor", "error", "d", "order", "time"])
def test_rows_are_sorted_in_both_directions(opened, key):
    values = f"{VISIBLE}.map(li => li.dataset.{key}).filter(text => text !== '')"
    for _ in range(2):
        opened.run(f"document.querySelector('.heads [data-key={key}]').click()")
        found = opened.run(values)
        down = "▼" in opened.run(f"document.querySelector('.heads [data-key={key}]').textContent")
        if key == "name":
            assert found[0 if not down else -1].startswith("<") or found == sorted(found)
            continue
        numbers = [float(text) for text in found]
        assert len(numbers) >= 2
        assert numbers == sorted(numbers, reverse=down)


@pytest.mark.slow
def test_the_keyboard_opens_a_row_and_goes_to_the_next(opened):
    opened.run("document.querySelectorAll('summary')[1].focus()")
    before = opened.run("document.querySelectorAll('details')[1].open")
    opened.press("Enter", "\r")
    assert opened.run("document.querySelectorAll('details')[1].open") is not before
    opened.press("ArrowDown")
    here = "[...document.querySelectorAll('summary')].indexOf(document.activeElement)"
    assert opened.run(here) == 2
    opened.press("/")
    assert opened.run("document.activeElement.id") == "search"


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_every_picture_is_seen_and_a_phone_is_wide_enough(chromium, comparison, path, dark):
    chromium.open(path, width=360, dark=dark)
    chromium.run("document.getElementById('open').click()")
    sizes = chromium.run(
        "[...document.querySelectorAll('.chart > svg')].map(s => s.getBoundingClientRect().width)"
    )
    assert len(sizes) == sum(len(charts(result)) for result in comparison)
    assert min(sizes) > 200
    assert chromium.run("document.documentElement.scrollWidth") <= 360
    assert chromium.messages() == []


@pytest.mark.slow
def test_on_paper_failures_are_open(opened):
    opened.run("document.getElementById('close').click()")
    opened.run("dispatchEvent(new Event('beforeprint'))")
    assert opened.run("document.querySelectorAll('details[open]').length") == 3
    opened.run("dispatchEvent(new Event('afterprint'))")
    assert opened.run("document.querySelectorAll('details[open]').length") == 0


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.sweep
def test_axe_finds_nothing(chromium, path, dark):
    spec = importlib.util.find_spec("axe_core_python")
    if spec is None:
        pytest.skip("no axe-core: pip install axe-core-python")
    axe = Path(spec.origin).with_name("axe.min.js").read_text(encoding="utf-8")
    chromium.open(path, dark=dark)
    chromium.run("document.getElementById('open').click()")
    chromium.run(f"{{ {axe} }}; 0")
    report = "axe.run().then(r => r.violations.map(v => [v.id, v.nodes[0].html, v.nodes.length]))"
    assert chromium.run(report) == []


@pytest.mark.slow
@pytest.mark.sweep
def test_the_page_of_the_whole_registry(chromium, tmp_path):
    path = tmp_path / "all.html"
    outcome = CliRunner().invoke(
        main, ["run", "--no-timing", "--points", "1", "--jobs", "1", "--html", str(path)]
    )
    assert outcome.exit_code == 0
    assert path.stat().st_size < 3_000_000
    chromium.open(path)
    assert chromium.run(f"{VISIBLE}.length") == len(gradcompare.list_objectives())
    chromium.run("document.querySelector('.heads [data-key=floor]').click()")
    chromium.run("document.querySelector('.chips [data-verdict=AGREE]').click()")
    floors = chromium.run(f"{VISIBLE}.map(li => Number(li.dataset.floor))")
    assert len(floors) > 50
    assert floors == sorted(floors)
    assert chromium.run("document.querySelectorAll('.chart > svg').length") > 150
    assert chromium.messages() == []
    assert chromium.requests()[1:] in ([], ["data:,"])
