"""Every objective that someone else has figures for, against those figures."""

import functools
import importlib
import pkgutil
from collections.abc import Callable

import jax
import numpy as np
import published
import pytest
from sweeps import sweep

from gradcompare import get_objective

FIGURES = [
    figure
    for info in pkgutil.iter_modules(published.__path__)
    for figure in importlib.import_module(f"published.{info.name}").FIGURES
]
NAMED = {f"{figure.objective}-{figure.function}-{i}": figure for i, figure in enumerate(FIGURES)}


@functools.cache
def program(objective: str, function: str) -> Callable:
    """One for all figures of an objective."""
    return jax.jit(getattr(get_objective(objective), function))


def computed(figure: published.Figure) -> np.ndarray:
    """What the objective gives, in float64, as a flat vector."""
    args = (figure.params, figure.params) if figure.function == "hvp" else (figure.params,)
    args = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), args)
    with jax.enable_x64(True):
        return flat(program(figure.objective, figure.function)(*args, figure.data))


def flat(tree) -> np.ndarray:
    return np.concatenate([np.ravel(np.asarray(leaf, float)) for leaf in jax.tree.leaves(tree)])


def agrees(found: np.ndarray, figure: published.Figure) -> bool:
    """Whether the digits are those published, rounded or cut off."""
    number = flat(figure.number)
    assert found.shape == number.shape
    return bool(np.all(np.abs(found - number) <= 10.0 ** (1 - figure.digits) * np.abs(number)))


some_figures = pytest.mark.parametrize("name", sweep(NAMED, every=5))


@some_figures
def test_figure_is_the_published_one(name):
    figure = NAMED[name]
    found = computed(figure)
    assert agrees(found, figure), f"{found} is not {figure.number} ({figure.source})"


@some_figures
def test_another_point_gives_another_figure(name):
    """So the test above can fail: 1 % away, the figures are others."""
    figure = NAMED[name]
    away = jax.tree.map(lambda leaf: 1.01 * np.asarray(leaf, np.float64) + 0.01, figure.params)
    assert not agrees(computed(figure._replace(params=away)), figure)
