"""Templates of jinja2, which escape whatever comes from users; the only module that knows it."""

import functools
import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GradcompareError

if TYPE_CHECKING:
    from jinja2 import Environment

MISSING = "HTML pages need jinja2; install it with: pip install 'gradcompare[plot]'"


def render(folder: Path, name: str, **context: Any) -> str:
    """Returns a template of a folder with its variables filled in.

    Raises:
        GradcompareError: if jinja2 is not installed.
    """
    return _environment(folder).get_template(name).render(context)


def is_available() -> bool:
    """Whether jinja2 is installed."""
    try:
        import jinja2
    except ImportError:
        return False
    return bool(jinja2)


def preformatted(text: str) -> str:
    """Returns text as HTML that shows it as it is; needs no jinja2."""
    return f"<pre>{html.escape(text)}</pre>"


@functools.cache
def _environment(folder: Path) -> "Environment":
    if not is_available():
        raise GradcompareError(MISSING)
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
