"""The extrapolation: who changes what, and where the next window goes."""

import ast
from pathlib import Path

import numpy as np
import pytest

import gradcompare.methods._extrapolation as extrapolation
from gradcompare.methods._extrapolation.ladder import derivatives_along
from gradcompare.methods._extrapolation.lines import Lines
from gradcompare.methods._extrapolation.tableau import LEVELS
from gradcompare.methods._extrapolation.windows import Bracket, Windows


@pytest.fixture(autouse=True)
def quiet():
    """As in the methods: values that are not finite are part of the work."""
    with np.errstate(all="ignore"):
        yield


MODULES = sorted(Path(extrapolation.__file__).parent.glob("*.py"))


def written(source: str) -> list[str]:
    """The attributes of other objects that a module assigns to, whole or in part."""
    targets = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign):
            targets += node.targets
        elif isinstance(node, ast.AnnAssign | ast.AugAssign):
            targets.append(node.target)
    flat = [
        each
        for target in targets
        for each in (target.elts if isinstance(target, ast.Tuple) else [target])
    ]
    inner = [each.value if isinstance(each, ast.Subscript) else each for each in flat]
    names = [ast.unparse(each) for each in inner if isinstance(each, ast.Attribute)]
    return [name for name in names if name.count(".") > 1 or not name.startswith("self.")]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_nobody_writes_into_what_another_owns(path):
    assert not written(path.read_text())


def test_writing_into_another_object_is_noticed():
    assert written("self._windows.side[active] = 1") == ["self._windows.side"]
    assert written("window.plus, x = 1, 2") == ["window.plus"]
    assert written("self._left_over[i] += 1") == []


def lines_of(f, count: int = 3) -> Lines:
    everywhere = np.full(count, np.inf)

    def sample(lines, steps):
        return f(steps)

    ends, centre = (everywhere, everywhere), np.full(count, float(f(0.0)))
    return Lines(sample, np.zeros(count), np.ones(count), *ends, centre, np.zeros(count))


def test_a_window_that_moves_keeps_the_values_it_still_holds():
    windows = Windows(lines_of(np.exp))
    every, two = np.arange(3), np.array([0, 2])
    windows.sample(every, np.ones((3, LEVELS), bool))
    before, shift = windows.of(every), np.array([2, -1])
    missing = windows.move(two, shift)
    assert missing.tolist() == [[False] * 3 + [True] * 2, [True] + [False] * 4]
    windows.sample(two, missing)
    assert windows.evaluations == 2 * (3 * LEVELS + 3)
    moved = windows.of(every)
    np.testing.assert_array_equal(moved.plus, np.exp(moved.steps))
    np.testing.assert_array_equal(moved.minus, np.exp(-moved.steps))
    np.testing.assert_array_equal(moved.plus[1], before.plus[1])
    assert windows.level.tolist() == [4, 2, 1]


def test_a_line_that_turns_has_its_steps_to_one_side():
    windows = Windows(lines_of(np.exp))
    windows.turn(np.array([1, 2]), np.array([1, -1]), np.array([0, 5]))
    windows.sample(np.arange(3), np.ones((3, LEVELS), bool))
    window = windows.of(np.arange(3))
    assert np.all(window.plus[1] > 1)
    assert np.all(window.minus[1] > 1)
    assert np.all(window.plus[2] < 1)
    assert np.all(window.minus[2] < 1)
    assert windows.level.tolist() == [2, 0, 5]


def test_the_bracket_goes_outward_until_it_is_closed_and_then_halves():
    bracket, one = Bracket(1), np.zeros(1, int)

    def following(level: int, truncating: bool) -> float:
        bracket.narrow(one, np.array([level]), np.array([truncating]))
        return bracket.next_level(one, np.array([level]), np.array([truncating]), 12)[0]

    assert following(2, True) == 14  # smaller steps, by the stride
    assert following(14, False) == 8
    assert following(8, False) == 5
    assert following(5, True) == 6
    assert following(6, True) == 6  # between 6 and 8 there is nothing to gain
    bracket.forget(one)
    assert bracket.has_no_top(one)
    assert following(6, False) == 3  # larger ones, three levels up


@pytest.mark.parametrize(
    ("f", "slope"), [(np.exp, 1.0), (lambda t: np.sin(1000 * t), 1000.0)], ids=["exp", "fast"]
)
def test_lines_do_not_depend_on_each_other(f, slope):
    together, alone = derivatives_along(lines_of(f)), derivatives_along(lines_of(f, 1))
    assert np.all(np.abs(together.value - slope) <= together.error)
    assert np.all(together.error <= 1e-8 * slope)
    assert together.value.tolist() == alone.value.tolist() * 3
    assert together.evaluations == 3 * alone.evaluations
