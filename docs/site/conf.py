"""The site: `sphinx-build -W --keep-going -c docs/site . build/site` from the root of the source.

The source folder is the root, so that a relative link leads to the same file here and where
Markdown is shown as it lies, and nothing is copied. The build needs no network, runs no code of
the pages (the tests do), and loads no font or script from elsewhere.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
# The package that is described is the one beside this file.
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

project = "gradcompare"
author = "the authors of gradcompare"
root_doc = "docs/index"
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_nb", "hooks"]
include_patterns = [
    *("docs/**", "benchmarks/README.md"),
    *("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"),
]
exclude_patterns = [".*", "build", "gradcompare", "tests", "benchmarks/results", "docs/site"]

# Headings are linked by the names that GitHub gives them.
myst_heading_anchors = 4
myst_enable_extensions = ["dollarmath"]
html_math_renderer = "mathml"
nb_execution_mode = "off"
nb_custom_formats = {".py": "scripts.read"}
# No script for widgets: there are none, and it would be loaded from elsewhere.
nb_ipywidgets_js = {}
# A fence without a language is output.
highlight_language = "text"

autodoc_member_order = "bysource"
# Types are in part those of jaxtyping, with shapes in strings; the arguments say them in words.
autodoc_typehints = "none"
# One backtick is code, as it is in Markdown.
default_role = "literal"
napoleon_use_ivar = True
napoleon_attr_annotations = False

html_theme = "furo"
html_title = "gradcompare"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_extra_path = ["root"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
