"""The formats for papers and for other programs: LaTeX, GitHub, CSV, JUnit, SARIF, BibTeX."""

import csv
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner

import gradcompare
from gradcompare import Comparison
from gradcompare._results.report.formats.latex import Numbers, latex
from gradcompare._results.report.formats.latex_text import escaped
from gradcompare._results.report.formats.records import records
from gradcompare.cli.main import main

ROOT = Path(__file__).parent.parent

MODEL = """import jax.numpy as jnp


def half(w):
    return jnp.sum(w**3) + jnp.sum(jnp.exp(w))


def half_gradient(w):
    return 3 * w**2 + jnp.exp(w) / 2


def odd(w):
    return jnp.sum(jnp.sin(w) * w)


def odd_gradient(w):
    return jnp.cos(w) * w + jnp.tanh(3 * w)


def right_gradient(w):
    return 3 * w**2 + jnp.exp(w)


def broken_gradient(w):
    raise RuntimeError("boom <&> \\x00")
"""
AT = ("--at", "w=0.3,1.2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a model, and the comparison of a right, two wrong and a broken gradient."""
    folder = tmp_path_factory.mktemp("formats") / "of é"
    folder.mkdir()
    (folder / "model.py").write_text(MODEL)
    return folder


def call(*arguments):
    outcome = CliRunner().invoke(main, [*map(str, arguments)])
    assert outcome.exception is None or isinstance(outcome.exception, SystemExit), outcome
    return outcome


@pytest.fixture(scope="module")
def traps(tmp_path_factory):
    """The comparison of a few registered objectives, as a file: right ones and traps."""
    path = tmp_path_factory.mktemp("traps") / "result.json"
    names = ("ridge", "hinge", "trap-where-sqrt", "trap-stop-gradient", "trap-rounding")
    assert (
        call("run", *names, "--method", "central", "--repeats", 1, "--json", path).exit_code == 0
    )
    return path


@pytest.fixture(scope="module")
def wrong(folder):
    """The comparison of a wrong, a right and a broken gradient."""
    text = (folder / "model.py").read_text()
    scope = {}
    exec(compile(text, str(folder / "model.py"), "exec"), scope)
    w = np.array([0.3, 1.2])
    pairs = (("half", "half"), ("odd", "odd"), ("half", "right"), ("half", "broken"))
    results = []
    for value, gradient in pairs:
        arguments = (scope[value], scope[f"{gradient}_gradient"], w)
        comparison = gradcompare.check(*arguments, points=1, on_error="row")
        results += comparison.results
    return Comparison(tuple(results), comparison.environment, comparison.settings)


# --- LaTeX ---------------------------------------------------------------------------------------


def cells(text: str) -> list[list[str]]:
    """The cells of the rows of a table between its rules; a spanning cell counts for two."""
    text = re.sub(r"\\\w*rule(\(lr\))?({[\d-]+})?", "", text)
    body = re.search(r"\\begin{tabular}{.*?\n(.*)\\end{tabular}", text, re.S)
    assert body is not None
    rows = [row for row in body[1].split(r"\\") if "&" in row]
    spans = [row.replace(r"\multicolumn{2}{c}", "&") for row in rows]
    return [[cell.strip() for cell in re.split(r"(?<!\\)&", row)] for row in spans]


def is_balanced(text: str) -> bool:
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def show_latex(path, *options):
    outcome = call("show", path, "--format", "latex", *options)
    assert outcome.exit_code == 0
    assert outcome.stderr == ""
    return outcome.stdout


@pytest.mark.sweep
def test_latex_is_a_booktabs_table_in_ascii(traps):
    text = show_latex(traps)
    assert text.isascii()
    assert is_balanced(text)
    assert all(rf"\{rule}rule" in text for rule in ("top", "mid", "bottom"))
    kinds = re.search(r"\\begin{tabular}{(.*)}\n", text)
    columns = re.findall(r"[lr]\b|S\[.*?\]", kinds[1])
    rows = cells(text)
    spanning, *rows = rows
    assert [len(row) for row in rows] == [len(columns)] * 6
    assert len(spanning) <= len(columns)
    assert [row[0] for row in rows[1:]] == [
        *("ridge", "hinge", "trap-where-sqrt", "trap-stop-gradient", "trap-rounding")
    ]


def test_latex_has_plain_numbers_in_columns_of_numbers(traps):
    """What is no number for siunitx is in braces."""
    for row in cells(show_latex(traps))[2:]:
        for cell in row[3:]:
            assert re.fullmatch(r"\{.*\}|-?\d+(\.\d+)?(e-?\d+)?", cell), row


def test_the_caption_says_what_was_checked_to_how_many_digits_and_with_what(traps):
    caption = re.search(r"\\caption{(.*)}", show_latex(traps))[1]
    assert "Gradients of 5 objectives" in caption
    assert "the formula derived by hand (A), automatic differentiation (J)" in caption
    assert r"1 AGREE, 1 VALID\_SUBGRADIENT, 1 INCONCLUSIVE, 1 AUTODIFF\_WRONG" in caption
    bound = next(
        r.agrees_to for r in Comparison.from_json(traps.read_bytes()) if r.verdict.name == "AGREE"
    )
    digits = int(re.search(r"agree to (\d+) digits", caption)[1])
    assert 10.0**-digits >= bound > 10.0 ** -(digits + 1)
    assert f"gradcompare {gradcompare.__version__}, JAX" in caption


def test_a_long_table_goes_over_pages(traps):
    comparison = Comparison.from_json(traps.read_bytes())
    many = Comparison(comparison.results * 10, comparison.environment, comparison.settings)
    text = latex(many)
    assert r"\begin{longtable}" in text
    assert r"\begin{tabular}" not in text
    assert is_balanced(text)
    assert text.count(r"\caption") == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_b & 50 % of #1 {x}", r"a\_b \& 50 \% of \#1 \{x\}"),
        (r"\end{table}", r"\textbackslash{}end\{table\}"),
        ("θ – Λ, é", r"\ensuremath{\theta} U+2013 \ensuremath{\Lambda}, e"),
        ("Α ∇f\nb--c", "A U+2207f b-{}-c"),
    ],
)
def test_text_of_users_is_escaped(text, expected):
    assert escaped(text) == expected


def test_a_column_has_room_for_every_number():
    assert Numbers("", [2e-14, None, 5e-113]).format == "S[table-format=1e-3]"
    assert Numbers("", [2.34, 1e5], 2).format == "S[table-format=1.1e1]"
    assert Numbers("", [1234.0, 0.5], 2, False).format == "S[table-format=4.1]"
    assert Numbers("", [np.inf, np.nan]).cells == [r"{$\infty$}", "{NaN}"]


DOCUMENT = r"""\documentclass{article}
\usepackage{booktabs, longtable, siunitx}
\begin{document}
%s
\end{document}
"""


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 10])
def test_latex_compiles(traps, wrong, tmp_path, times):
    compiler = shutil.which("pdflatex")
    if compiler is None or not _has_siunitx():
        pytest.skip("there is no pdflatex with siunitx: apt-get install texlive-science")
    comparison = Comparison.from_json(traps.read_bytes())
    named = [replace(result, objective="50 % of θ_#1 & {x}^2 \\\\") for result in wrong]
    results = (*comparison.results, *named) * times
    text = latex(
        Comparison(results, comparison.environment, comparison.settings), beside=("central",)
    )
    (tmp_path / "table.tex").write_text(DOCUMENT % text)
    command = [compiler, "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    outcome = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, errors="replace"
    )
    assert outcome.returncode == 0, outcome.stdout[-2000:]
    assert "undefined" not in outcome.stdout
    assert (tmp_path / "table.pdf").stat().st_size > 1000


def _has_siunitx() -> bool:
    finder = shutil.which("kpsewhich")
    return (
        bool(finder)
        and not subprocess.run([finder, "siunitx.sty"], capture_output=True).returncode
    )


# --- GitHub, CSV ---------------------------------------------------------------------------------


def test_github_is_one_text_of_markdown(traps):
    outcome = call("show", traps, "--format", "github", "-v")
    assert outcome.stderr == ""
    lines = outcome.stdout.splitlines()
    assert lines[1].startswith("|---")
    assert "judged in float64" in outcome.stdout
    assert sum(line.startswith("```") for line in lines) == 2 * 5


def test_csv_has_every_number_as_it_is(traps):
    outcome = call("show", traps, "--format", "csv")
    assert outcome.stderr == ""
    rows = list(csv.DictReader(io.StringIO(outcome.stdout)))
    comparison = Comparison.from_json(traps.read_bytes())
    assert [row["objective"] for row in rows] == [r.objective for r in comparison]
    assert [row["code"] for row in rows] == [r.verdict.code for r in comparison]
    pair = comparison.results[0].worst.pair("analytic", "reverse")
    assert float(rows[0]["analytic-reverse error"]) == pair.relative_norm
    assert float(rows[0]["analytic-reverse bar"]) == pair.bar
    assert float(rows[0]["value seconds"]) == comparison.results[0].timings["value"].median_seconds
    assert rows[0]["floor"]
    assert not rows[0]["error"]
    assert rows[3]["error"]
    assert not rows[3]["floor"]


def test_a_text_with_a_comma_stays_one_cell_of_csv(wrong):
    rows = records(wrong)
    assert len({tuple(row) for row in rows}) == 1
    assert "boom" in rows[3]["message"]
    assert rows[0]["place"] == "model.py:8"


@pytest.mark.parametrize("style", ["latex", "csv"])
def test_only_failures_of_nothing_is_an_empty_table(traps, style):
    outcome = call("show", traps, "--format", style, "--only-failures")
    assert outcome.exit_code == 0
    assert "ridge" not in outcome.stdout


# --- JUnit, SARIF --------------------------------------------------------------------------------


def check(folder, *arguments, monkeypatch):
    monkeypatch.chdir(folder)
    return call("check", *arguments, *AT, "--junit", "j.xml", "--sarif", "s.json")


def test_the_files_of_a_check_that_fails(folder, monkeypatch):
    assert check(folder, "model.py:half", ":half_gradient", monkeypatch=monkeypatch).exit_code == 1
    suite = ElementTree.parse(folder / "j.xml").getroot()
    assert suite.attrib | {"tests": "1", "failures": "1", "errors": "0"} == suite.attrib
    case = suite.find("testsuite/testcase")
    assert case.attrib["name"] == "half::gradient"
    assert (Path(case.attrib["file"]).name, case.attrib["line"]) == ("model.py", "8")
    failure = case.find("failure")
    assert failure.attrib["type"] == "GC302"
    assert "term 2 of 2" in failure.text
    (run,) = json.loads((folder / "s.json").read_text())["runs"]
    (result,) = run["results"]
    assert result["ruleId"] == "GC302" == run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "model.py", "uriBaseId": "SRCROOT"}
    line = place["region"]["startLine"]
    assert "jnp.exp(w)" in MODEL.splitlines()[line - 1]  # the wrong term, in the value
    base = run["originalUriBaseIds"]["SRCROOT"]["uri"]
    assert base == f"{folder.resolve().as_uri()}/"


def test_the_files_of_a_check_that_passes(folder, monkeypatch):
    assert (
        check(folder, "model.py:half", ":right_gradient", monkeypatch=monkeypatch).exit_code == 0
    )
    suite = ElementTree.parse(folder / "j.xml").getroot()
    assert suite.attrib["failures"] == "0"
    assert list(suite.find("testsuite/testcase")) == []
    (run,) = json.loads((folder / "s.json").read_text())["runs"]
    assert run["results"] == []


def test_without_a_finding_the_line_is_that_of_the_gradient(folder, monkeypatch):
    check(folder, "model.py:odd", ":odd_gradient", monkeypatch=monkeypatch)
    (run,) = json.loads((folder / "s.json").read_text())["runs"]
    (result,) = run["results"]
    line = result["locations"][0]["physicalLocation"]["region"]["startLine"]
    assert "model.py:" not in result["message"]["text"]
    assert MODEL.splitlines()[line - 1].startswith("def odd_gradient")


def test_a_gradient_that_raises_is_an_error_with_its_line(wrong):
    from gradcompare._results.report.formats.junit import junit
    from gradcompare._results.report.formats.sarif import sarif

    cases = list(ElementTree.fromstring(junit(wrong)).iter("testcase"))
    assert [[child.tag for child in case] for case in cases] == [
        ["failure"],
        ["failure"],
        [],
        ["error"],
    ]
    assert "boom <&> \ufffd" in cases[3][0].attrib["message"]
    results = json.loads(sarif(wrong))["runs"][0]["results"]
    lines = [r["locations"][0]["physicalLocation"]["region"]["startLine"] for r in results]
    assert MODEL.splitlines()[lines[2] - 1].startswith("def broken_gradient")
    assert [r["level"] for r in results] == ["error"] * 3


def test_a_file_outside_of_the_folder_has_its_whole_address(wrong, tmp_path):
    from gradcompare._results.report.formats.sarif import sarif

    (run,) = json.loads(sarif(wrong, root=tmp_path))["runs"]
    artifact = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact["uri"].startswith("file:///")
    assert "of%20%C3%A9/model.py" in artifact["uri"]


def test_a_formula_has_no_line_but_a_name(tmp_path):
    command = ("check", "--value", "sum(w**2)", "--gradient", "3*w", "--shape", "w=3")
    assert call(*command, "--sarif", tmp_path / "s.json").exit_code == 1
    (run,) = json.loads((tmp_path / "s.json").read_text())["runs"]
    (location,) = run["results"][0]["locations"]
    assert list(location) == ["logicalLocations"]


def test_traps_with_their_own_verdict_do_not_fail(traps, tmp_path):
    outcome = call("show", traps, "--junit", tmp_path / "j.xml", "--sarif", tmp_path / "s.json")
    assert outcome.exit_code == 0
    root = ElementTree.parse(tmp_path / "j.xml").getroot()
    assert (root.attrib["tests"], root.attrib["failures"]) == ("5", "0")
    assert len({case.attrib["name"] for case in root.iter("testcase")}) == 5
    assert json.loads((tmp_path / "s.json").read_text())["runs"][0]["results"] == []


@pytest.mark.parametrize("option", ["--junit", "--sarif"])
def test_a_file_that_cannot_be_written_is_refused_before_the_work(traps, option):
    outcome = call("show", traps, option, "/nowhere/at/all")
    assert outcome.exit_code == 2
    assert option in outcome.stderr
    assert outcome.stdout == ""


def test_locate_has_no_comparison_to_write(folder, monkeypatch):
    monkeypatch.chdir(folder)
    outcome = call("check", "model.py:half", ":half_gradient", *AT, "--locate", "--junit", "j.xml")
    assert outcome.exit_code == 2
    assert "--locate does not use --junit" in outcome.stderr


# --- the citation --------------------------------------------------------------------------------


def test_the_citation_is_that_of_the_file():
    entry = dict(re.findall(r"^  (\w+) *= {+(.*?)}+,$", call("cite").stdout, re.M))
    file = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    stated = dict(re.findall(r'^(?:  - )?([\w-]+): "?(.*?)"?$', file, re.M))
    names = re.findall(r'^  - name: "(.*)"$', file, re.M)
    assert entry["title"] == stated["title"]
    assert entry["author"].split(" and ") == names
    assert entry["version"] == stated["version"] == gradcompare.__version__
    assert entry["year"] == stated["date-released"][:4]


@pytest.mark.parametrize("format", ["plain", "github", "latex", "csv"])
def test_a_table_in_python_is_that_of_the_command_line(traps, format):
    comparison = Comparison.from_json(traps.read_text())
    text = comparison.table(format)
    outcome = call("show", traps, "--format", format)
    assert text.split("\n\n")[0] in outcome.output
    assert "ridge" in text
    assert "trap-rounding" in text


def test_an_unknown_table_is_refused(wrong):
    with pytest.raises(gradcompare.UnknownNameError, match="plain"):
        wrong.table("word")
