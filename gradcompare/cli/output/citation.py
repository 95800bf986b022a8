"""The command `gradcompare cite`."""

import click

TITLE = "gradcompare: hand-written, automatic and numerical derivatives compared, with error bars"
AUTHORS = ("The gradcompare maintainers",)
YEAR = 2026
"""As in CITATION.cff, which is not part of an installed package; a test compares the two."""


def bibtex(version: str) -> str:
    """Returns the entry for a bibliography; braces keep the names as they are."""
    authors = " and ".join(f"{{{author}}}" for author in AUTHORS)
    return "\n".join(
        [
            "@software{gradcompare,",
            f"  author  = {{{authors}}},",
            f"  title   = {{{{{TITLE}}}}},",
            f"  version = {{{version}}},",
            f"  year    = {{{YEAR}}},",
            "}",
        ]
    )


@click.command("cite")
def cite_command() -> None:
    """Print how to cite gradcompare, as BibTeX."""
    from ..._foundation.plugins import installed_version

    click.echo(bibtex(installed_version("gradcompare")))
