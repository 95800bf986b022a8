"""A comparison written as JSON and read back is the same comparison, bit by bit."""

import dataclasses
import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from handmade import made

from gradcompare import (
    Comparison,
    Estimate,
    InputError,
    Judgement,
    Objective,
    PointResult,
    Result,
    Timing,
    Verdict,
    check,
    compare,
)
from gradcompare._results.pairs import Accuracy, PairError

INF, NAN = np.inf, np.nan


def plain(value: Any) -> Any:
    """The value as nested plain data, every float by its bits, to be compared with `==`."""
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return (type(value).__name__, {name: plain(getattr(value, name)) for name in names})
    if isinstance(value, np.ndarray):
        return (str(value.dtype), value.shape, value.tobytes())
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return (type(value).__name__, [plain(item) for item in value])
    return (type(value).__name__, value.hex() if isinstance(value, float) else value)


def absolute(x):
    return sum(jnp.sum(jnp.abs(leaf)) for leaf in jax.tree.leaves(x))


def nowhere(x):
    return jax.tree.map(lambda leaf: jnp.nan * leaf, x)


def boom(x, data):
    raise RuntimeError("boom")


def by_hand() -> Comparison:
    """Every field filled, with the numbers that JSON has no word for in each kind of place."""
    odd = np.array([NAN, INF, -INF, -0.0, 5e-324, 1 / 3])
    estimates = {
        "analytic": Estimate(odd, odd, 7, left=odd, right=odd, jumps=odd > 0, note="note"),
        "reverse": made(odd, INF),
    }
    pair = PairError("analytic", "reverse", NAN, INF, 0.1, -INF, 1e-300, "w[3, 1]")
    point = PointResult(
        "x0", odd, NAN, Judgement(Verdict.NONFINITE, (0, 2), (1,), NAN, INF, "note"),
        warnings=("w",), estimates=estimates, missing={"central": "why"},
        sources={"analytic": "analytic"}, pairs=(pair,),
    )  # fmt: skip
    result = Result(
        "name", 3, "gradient", 6, ("w", "b"), ((2, 2), (2,)), (point,),
        {"value": Timing(1e-6, 1e-7, INF, 5, None, NAN, 2**40)},
        {"analytic": Accuracy(NAN, INF, 0.1)}, ("n",), "m",
    )  # fmt: skip
    settings = {"seed": 0, "methods": {"analytic": "A"}, "flag": True, "none": None}
    return Comparison((result,), {"jax": "0", "cpu_count": 2}, settings)


COMPARISONS = {
    "by-hand": by_hand,
    "empty": lambda: Comparison(()),
    "agreement": lambda: check(absolute, jnp.sign, np.array([1.0, 2.0])),
    "kink": lambda: check(absolute, jnp.sign, np.array([0.0, 2.0]), points=2),
    "nan": lambda: check(absolute, nowhere, {"w": np.ones((2, 2))}),
    "direction": lambda: check(absolute, jnp.sign, np.ones(2), direction=np.ones(2)),
    "timed": lambda: check(absolute, jnp.sign, np.ones(2), timing=True, repeats=1),
    "narrow": lambda: check(absolute, jnp.sign, np.ones(2), dtype="float32"),
    "broken": lambda: compare([Objective("b", boom, lambda rng, n: (np.ones(n), None))]),
}


@pytest.mark.parametrize("case", COMPARISONS)
def test_round_trip_is_lossless(case):
    before = COMPARISONS[case]()
    after = Comparison.from_json(before.to_json())
    assert plain(after) == plain(before)
    assert after.verdict is before.verdict
    assert str(after) == str(before) if case != "by-hand" else True


def test_a_lost_bit_would_be_noticed():
    before = by_hand()
    text = before.to_json()
    assert plain(Comparison.from_json(text.replace("5e-324", "1e-323"))) != plain(before)
    assert plain(Comparison.from_json(text.replace('"nan"', '"inf"'))) != plain(before)


@pytest.mark.parametrize("case", COMPARISONS)
def test_strict_json(case):
    def forbidden(word):
        raise AssertionError(f"{word} is not JSON")

    text = COMPARISONS[case]().to_json()
    assert json.loads(text, parse_constant=forbidden)["format"] == 2


def test_version_1_is_read():
    """There, a result knew the sources, and not each of its points."""
    after = check(absolute, jnp.sign, np.array([1.0, 2.0]))
    body = json.loads(after.to_json()) | {"format": 1}
    for result in body["results"]:
        *_, result["sources"] = [point.pop("sources") for point in result["points"]]
    old = Comparison.from_json(json.dumps(body))
    assert plain(old) == plain(after)
    assert str(old) == str(after)


def test_circumstances_are_inside():
    comparison = check(absolute, None, np.ones(2), seed=7)
    kept = json.loads(comparison.to_json())
    for name in ("gradcompare", "jax", "jaxlib", "numpy", "python", "device", "device_kind"):
        assert kept["environment"][name]
    assert kept["settings"]["seed"] == 7
    assert kept["settings"]["dtype"] == "float64"


VALID = Comparison(()).to_json()

GARBAGE = {
    "empty": "",
    "no-json": "objective  d  verdict",
    "list": "[1, 2]",
    "string": '"text"',
    "number": "3",
    "null": "null",
    "other-object": '{"name": "value"}',
    "missing-results": '{"format": 2}',
    "missing-results-1": '{"format": 1}',
    "results-a-number": '{"format": 2, "results": 3}',
    "results-of-text": '{"format": 1, "results": ["text"]}',
    "unknown-verdict": by_hand().to_json().replace('"NONFINITE"', '"PERFECT"'),
    "text-for-a-number": by_hand().to_json().replace("5e-324", '"many"'),
    "cut": by_hand().to_json()[:-40],
}


@pytest.mark.parametrize("case", GARBAGE)
def test_garbage_is_refused(case):
    message = "not a Comparison written by gradcompare .*; give a file made with --json"
    with pytest.raises(InputError, match=message):
        Comparison.from_json(GARBAGE[case])


def test_another_format_is_refused_as_such():
    with pytest.raises(InputError, match=r"^the file is of format 3"):
        Comparison.from_json(VALID.replace('"format": 2', '"format": 3'))
