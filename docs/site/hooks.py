"""What Sphinx does not do by itself: formulas, names of headings, long lines, docstrings."""

import re
import textwrap

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator

WIDTH = 114
"""Columns that a page has on a screen of usual width."""


def inline(self: HTML5Translator, node: nodes.math) -> None:
    """Writes a formula as MathML, which browsers show without a script or a font."""
    self.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def block(self: HTML5Translator, node: nodes.math_block) -> None:
    """The same, on a line of its own."""
    self.body.append(tex2mathml(node.astext(), as_block=True))
    raise nodes.SkipNode


class NamesOfHeadings(SphinxPostTransform):
    """A heading keeps the name that GitHub gives it, so that links from elsewhere hold here."""

    default_priority = 200

    def run(self, **kwargs) -> None:
        """Adds the name to those of each section."""
        for section in self.document.findall(nodes.section):
            slug = section.get("slug")
            if slug and slug not in section["ids"]:
                section["ids"].append(slug)


class LongLines(SphinxPostTransform):
    """A long sentence of a report is folded, and hangs below its beginning."""

    default_priority = 200

    def run(self, **kwargs) -> None:
        """Folds the lines of blocks of text."""
        for text in self.document.findall(nodes.literal_block):
            if text.get("language") == "text":
                folded = "\n".join(fold(line) for line in text.astext().split("\n"))
                text.rawsource = folded
                text.children[:] = [nodes.Text(folded)]


def fold(line: str) -> str:
    """Returns a sentence as several lines, if it is long; a row of a table has gaps, and stays."""
    if len(line) <= WIDTH or "  " in line.strip():
        return line
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.fill(
        line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def as_restructured_text(app, what, name, obj, options, lines: list[str]) -> None:
    """Rewrites what napoleon or docutils would read otherwise in a docstring.

    |x| is an absolute value, a colon in `Returns` is one of the sentence, and the name of a page
    is a link to it.
    """
    for number, line in enumerate(lines):
        if line.lstrip().startswith((">>>", "...")):
            continue
        if line.strip() == "Returns:":
            lines[number] = line.replace("Returns:", ":returns:")
            continue
        parts = re.split(r"(`[^`]*`)", line)
        lines[number] = "".join(
            part if part.startswith("`") else link(part.replace("|", r"\|")) for part in parts
        )


def link(text: str) -> str:
    """Returns a sentence in which names of pages are links."""
    return re.sub(r"\bdocs/([\w-]+)\.md\b", r":doc:`docs/\1.md </docs/\1>`", text)


def level_of_captions(app, pagename, templatename, context: dict, doctree) -> None:
    """Adds to the captions of the navigation, which are headings, the level that they lack."""
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Connects all of them."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    app.add_post_transform(NamesOfHeadings)
    app.add_post_transform(LongLines)
    app.connect("autodoc-process-docstring", as_restructured_text, priority=400)
    # After the theme has made the navigation.
    app.connect("html-page-context", level_of_captions, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
