"""The pages of the documentation: their examples, their headings, and what they print."""

import contextlib
import io
import linecache
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLE = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in (
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "benchmarks" / "README.md",
    )
)
"""Every page in Markdown, as a path from the root."""


def text_of(page: str) -> str:
    """The text of a page, by its path from the root."""
    return (ROOT / page).read_text(encoding="utf-8")


def examples_of(page: str) -> list[tuple[str, str]]:
    """The examples of a page, each with what stands below it."""
    return EXAMPLE.findall(text_of(page))


def printed_by(code: str) -> str:
    """What an example prints that is run as the file `model.py`."""
    linecache.cache["model.py"] = (len(code), None, code.splitlines(True), "model.py")
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "model.py", "exec"), {})
    finally:
        del linecache.cache["model.py"]
    return printed.getvalue()


def without_numbers(text: str) -> str:
    """The words of a text, so that another processor may round otherwise."""
    return re.sub(r"\s+", " ", re.sub(r"-?\d[\d.e+-]*", "#", text)).strip()


def anchor(heading: str) -> str:
    """What a heading is linked by on GitHub, and on the site."""
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


def anchors_of(page: str) -> set[str]:
    """What the headings of a page are linked by; a repeated one gets a number."""
    seen, names = Counter[str](), set()
    for heading in re.findall(r"^#+ (.+)$", FENCE.sub("", text_of(page)), re.MULTILINE):
        name = anchor(re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading))
        names.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return names
