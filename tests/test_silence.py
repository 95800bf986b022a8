"""What a user's function warns of, where this package calls it with data of its own."""

import multiprocessing
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from gradcompare import check
from gradcompare._evaluation.near.calls import called_at
from gradcompare._foundation.limits.silence import SILENCE, is_silent, without_warnings

ROWS = np.random.default_rng(0).standard_normal((3000, 4))
NOISE = np.random.default_rng(1).standard_t(2, 3000)
TARGETS = ROWS @ [1.0, -1.0, 0.5, 2.0] + NOISE
W = np.array([0.3, -0.2, 0.5, 0.1])
SIZES = []


def huber(w, X, y):
    SIZES.append(len(y))
    r = X @ w - y
    a = np.abs(r)
    return float(np.mean(np.where(a < 1, 0.5 * r * r, a - 0.5)))


def slope(w, X, y):
    return X.T @ np.clip(X @ w - y, -1, 1) / max(len(y), 1)


def noisy(x):
    warnings.warn("noise", UserWarning, stacklevel=1)
    return x


def test_data_of_ours_warn_of_nothing():
    """A diagnosis cuts the data, here to no rows, of which NumPy takes no mean."""
    SIZES.clear()
    wrong = np.array([1 + 1e-5, 1, 1, 1])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = check(huber, lambda w, X, y: slope(w, X, y) * wrong, W, ROWS, TARGETS)
    assert result.verdict.name.startswith("ANALYTIC")
    assert 0 in SIZES  # else there was nothing to warn of
    assert [str(each.message) for each in caught] == []


def test_a_warning_at_the_users_point_is_shown():
    def value(x):
        noisy(x)
        return float(x @ x)

    with pytest.warns(UserWarning, match="noise"):
        check(value, lambda x: 2 * x, np.ones(2))


def test_filters_are_put_back_after_blocks_of_several_threads():
    before, barrier = list(warnings.filters), Barrier(2)

    def block(first):
        if not first:
            barrier.wait(10)  # begins inside of the other block
        with without_warnings():
            if first:
                barrier.wait(10)
                barrier.wait(10)
            assert is_silent()
            noisy(1)
            if not first:
                barrier.wait(10)  # ends after it, or before it

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(block, [True, False]))
        assert SILENCE.asked == 0
        assert not caught
        noisy(1)
        assert len(caught) == 1
    assert list(warnings.filters) == before


@pytest.mark.sweep
@pytest.mark.parametrize("silent", [True, False])
def test_workers_are_as_silent_as_the_caller(silent):
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as workers:
        if silent:
            with without_warnings():
                values = called_at(_is_silent, [1.0, 2.0], workers, lambda *_: None)
        else:
            values = called_at(_is_silent, [1.0, 2.0], workers, lambda *_: None)
    assert values == [silent, silent]


def _is_silent(x):
    return is_silent()
