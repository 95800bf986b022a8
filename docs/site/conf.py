"""The site: `sphinx-build -W --keep-going -c docs/site . site` from the root of the source.

The source folder is the root, so that a relative link leads to the same file here and where
Markdown is shown as it lies, and nothing is copied. The build needs no network, runs no code of
the pages (the tests do), and loads no font or script from elsewhere.
"""

import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

project = "gradcompare"
author = "the authors of gradcompare"
root_doc = "docs/index"
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_nb"]
include_patterns = ["docs/**", "benchmarks/README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
exclude_patterns = [".venv", ".git", "gradcompare", "tests", "benchmarks/results", "docs/site"]

# Headings are linked by the names that GitHub gives them.
myst_heading_anchors = 3
nb_execution_mode = "off"
# No script for widgets: there are none, and it would be loaded from elsewhere.
nb_ipywidgets_js = {}
# Pages show reports that are text, and Python that a highlighter of other releases may not know.
highlight_language = "text"

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_preserve_defaults = True
# One backtick is code, as it is in Markdown.
default_role = "literal"
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "furo"
html_title = "gradcompare"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_extra_path = ["root"]
html_copy_source = False
html_show_sphinx = False
