"""The registered objectives as a table."""

import numpy as np
from tabulate import tabulate

from .._registry import registered_objectives
from .._tree import Layout
from .table import FORMATS


def catalogue(style: str = "plain") -> str:
    """Returns every registered objective with its number of parameters, formula and source."""
    rows = []
    for name, objective in registered_objectives().items():
        params, _ = objective.make(np.random.default_rng(0), objective.sizes[0])
        sizes = " ".join(str(size) for size in objective.sizes)
        row = [objective.family, name, Layout.of(params).size, sizes, ", ".join(objective.tags)]
        rows.append([*row, objective.formula, objective.source])
    rows.sort(key=lambda row: row[0])
    heads = ["family", "objective", "d", "sizes", "tags", "formula", "source"]
    align = ("left", "left", "right", "left", "left", "left", "left")
    return tabulate(rows, heads, FORMATS[style], colalign=align, disable_numparse=True)
