"""The registered objectives as a table, and as one page of documentation per family."""

import inspect
from collections.abc import Iterable
from types import ModuleType

import numpy as np
from tabulate import tabulate

from .._api.registry import registered_objectives, shipped_modules
from .._foundation.layout import Layout
from .._model.objective import Objective
from .._results.report.table import FORMATS

WIDEST = 44
"""Width at which columns of text are folded on a screen."""

HEADS = ("objective", "d", "sizes", "tags", "formula", "source")


def catalogue(style: str = "plain") -> str:
    """Returns every registered objective with its number of parameters, formula and source."""
    objectives = sorted(registered_objectives().values(), key=lambda objective: objective.family)
    rows = [[objective.family, *_row(objective)] for objective in objectives]
    fold = [None, None, None, None, WIDEST // 2, WIDEST, WIDEST] if style == "plain" else None
    return _table(rows, ("family", *HEADS), style, fold)


def family_pages() -> dict[str, str]:
    """Returns one Markdown page for each family of the objectives in the package.

    A page has the table of the objectives and the mathematics in their modules' docstrings.
    """
    modules: dict[str, list[ModuleType]] = {}
    for module in shipped_modules():
        for family in sorted({objective.family for objective in module.OBJECTIVES}):
            modules.setdefault(family, []).append(module)
    return {f"{family.replace(' ', '-')}.md": _page(family, modules[family]) for family in modules}


def _page(family: str, modules: Iterable[ModuleType]) -> str:
    rows, sections = [], []
    for module in modules:
        members = [o for o in module.OBJECTIVES if o.family == family]
        rows += [_row(objective) for objective in members]
        names = ", ".join(f"`{objective.name}`" for objective in members)
        sections.append(f"## {names}\n\n{inspect.cleandoc(module.__doc__ or '')}\n")
    head = f"# {family.capitalize()}\n\n*Written by `gradcompare list --pages`; do not edit.*\n"
    return "\n".join([head, _table(rows, HEADS, "github") + "\n", *sections])


def _row(objective: Objective) -> list[str]:
    params, _ = objective.make(np.random.default_rng(0), objective.sizes[0])
    tags = [*objective.tags, *objective.convention.words]
    if not objective.expected.ok:
        tags.append(f"expected: {objective.expected.name}")
    return [
        objective.name,
        str(Layout.of(params).size),
        " ".join(str(size) for size in objective.sizes),
        ", ".join(tags),
        objective.formula,
        objective.source,
    ]


def _table(rows, heads, style: str, fold=None) -> str:
    align = ["right" if head == "d" else "left" for head in heads]
    return tabulate(
        rows,
        heads,
        FORMATS[style],
        colalign=align,
        disable_numparse=True,
        maxcolwidths=fold,
    )
