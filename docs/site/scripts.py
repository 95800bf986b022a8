"""The worked examples as pages: text and code by turns, as the marks `# %%` in a script say."""

import ast

import jupytext
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell


def read(text: str) -> NotebookNode:
    """Returns a script as a notebook; its docstring becomes the title."""
    notebook = jupytext.reads(text, fmt="py:percent")
    title = (ast.get_docstring(ast.parse(text)) or "").removesuffix(".")
    notebook.cells[0] = new_markdown_cell(f"# {title}")
    notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    return notebook
