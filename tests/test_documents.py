"""The documentation of the families is that of the registry."""

from pathlib import Path

from click.testing import CliRunner

from gradcompare import get_objective, list_objectives
from gradcompare.cli.catalogue import family_pages
from gradcompare.cli.main import main

PAGES = Path(__file__).parent.parent / "docs" / "objectives"


def test_pages_are_those_of_the_registry():
    written = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    assert written == family_pages(), "run: gradcompare list --pages docs/objectives"


def test_every_objective_is_on_the_page_of_its_family():
    pages = family_pages()
    for name in list_objectives():
        objective = get_objective(name)
        page = pages[f"{objective.family.replace(' ', '-')}.md"]
        assert f"| {name} " in page
        assert f"`{name}`" in page
        assert objective.source in page


def test_pages_are_written_where_they_are_asked_for(tmp_path):
    outcome = CliRunner().invoke(main, ["list", "--pages", str(tmp_path / "new")])
    assert outcome.exit_code == 0
    written = {
        path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "new").iterdir()
    }
    assert written == family_pages()
    for name in written:
        assert str(tmp_path / "new" / name) in outcome.stdout
