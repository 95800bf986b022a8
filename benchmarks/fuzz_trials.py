"""One trial of the fuzz: the right gradient of a program is checked, then the same with errors.

The right gradient is the program's formula with 60 digits (`fuzz_wide`), rounded once; in the way
`formula` it is the formula itself in jax.numpy, with its own rounding. An error is planted in one
verified coordinate, at three and at ten times the detection floor that the right check states.
"""

import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import numpy as np
from fuzz_digits import FAMILIES, draw
from fuzz_programs import Program
from fuzz_wide import exact
from jaxtyping import Float

import gradcompare
from gradcompare import Verdict
from gradcompare._engine import case
from gradcompare._results.data import PointResult

WAYS = ("traced", "host", "twin", "formula")
PLANTED = (10, 3)
SMALLEST = 1e-12
"""The smallest error to plant, relative to the derivative."""


@dataclass(frozen=True)
class Trial:
    """What one program gave in one way.

    Attributes:
        number: The number of the program, which names it together with the seed.
        verdict: The verdict on the right gradient; `EXCEPTION` if the check raised one.
        point: The name of the point that gave the verdict.
        coordinate: The coordinate in which errors were planted, or None.
        floor: The floor that was planted there.
        sign: The sign of the errors.
        caught: Whether the error was noticed, by its size in floors.
        d: The number of coordinates.
        unverified: The number of them for which no floor is stated at x0, kinks among them.
        report: The report on a failure.
    """

    seed: int
    number: int
    family: str
    way: str
    verdict: str
    point: str = ""
    coordinate: int | None = None
    floor: float = 0.0
    sign: int = 1
    caught: dict[str, bool] = field(default_factory=dict)
    d: int = 0
    unverified: int = 0
    report: str = ""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return self.verdict in Verdict.__members__ and Verdict[self.verdict].ok

    @property
    def accused(self) -> bool:
        return self.verdict.endswith("WRONG")

    @property
    def missed(self) -> bool:
        return not all(self.caught.values())

    @property
    def kind(self) -> str:
        """The failure in a word or two, or nothing."""
        if not self.ok:
            return f"{self.verdict} {self.point}"
        passed = " and ".join(times for times, caught in self.caught.items() if not caught)
        return f"missed {passed} floors" if passed else ""


def family_of(number: int) -> str:
    """Programs take the families by turns."""
    return list(FAMILIES)[number % len(FAMILIES)]


def program_of(seed: int, number: int) -> Program:
    return draw(family_of(number), seed, number)


def right_gradient(program: Program, way: str, names: dict[str, Any]) -> Callable:
    return names["formula"] if way == "formula" else exact(names["formula"], program.long)


def run_trial(seed: int, number: int, way: str, sizes: tuple[int, ...] = PLANTED) -> Trial:
    """Draws a program, checks its right gradient, and plants errors where that is verified."""
    start = time.perf_counter()
    program = program_of(seed, number)
    names = program.functions("traced" if way == "formula" else way)
    gradient = right_gradient(program, way, names)
    base = {"seed": seed, "number": number, "family": family_of(number), "way": way}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the program itself, far from its point
            rng = np.random.default_rng([seed, number])
            outcome = _checked(program, names["value"], gradient, rng, sizes)
    except Exception:
        outcome = {"verdict": "EXCEPTION", "report": traceback.format_exc()[-3000:]}
    return Trial(**base, **outcome, seconds=time.perf_counter() - start)


def _checked(
    program: Program,
    value: Callable,
    gradient: Callable,
    rng: np.random.Generator,
    sizes: tuple[int, ...],
) -> dict[str, Any]:
    """Returns the fields of the trial that the checks give."""
    (result,) = gradcompare.check(value, gradient, program.x0, *program.data)
    report = "" if result.ok else str(result)[:6000]
    fields: dict[str, Any] = {"verdict": result.verdict.name, "report": report}
    if result.worst is not None and not result.verdict.ok:
        fields["point"] = result.worst.label
    floors = stated_floors(result.points[0]) if result.verdict.ok else np.zeros(0)
    places = np.flatnonzero(floors > 0)
    fields |= {"d": len(floors), "unverified": len(floors) - len(places)}
    if not places.size:
        return fields
    i, sign, caught = int(rng.choice(places)), int(rng.choice([-1, 1])), {}
    for times in sizes:
        error = np.zeros(len(program.x0))
        error[i] = sign * times * floors[i]
        wrong = planted(gradient, error)
        # Whether it is caught needs no diagnosis, which takes half of the time.
        with patch.object(case, "_diagnosis", lambda *_: ()):
            (verdict,) = gradcompare.check(value, wrong, program.x0, *program.data, points=1)
        caught[str(times)] = not verdict.ok
        if verdict.ok:
            fields["report"] += f"{times} floors, {error[i]} in x[{i}], missed:\n{verdict}"[:6000]
    planting = {"coordinate": i, "floor": float(floors[i]), "sign": sign, "caught": caught}
    return fields | planting


def planted(gradient: Callable, error: Float[np.ndarray, " d"]) -> Callable:
    """Returns the gradient with an error added at every point."""
    return lambda x, *data: gradient(x, *data) + error


def stated_floors(point: PointResult) -> Float[np.ndarray, " d"]:
    """Returns the error that the report says it would have detected in each coordinate.

    It is 0 where nothing is stated: the coordinate is not verified, or f has a kink there.
    """
    analytic, differences = point.votes.get("analytic"), point.votes.get("differences")
    floor = point.judgement.floor
    if analytic is None or differences is None or not np.isfinite(floor):
        return np.zeros(len(point.x))
    floors = np.maximum(floor, SMALLEST * np.abs(analytic.value))
    floors[differences.kinked] = 0
    floors[list(point.judgement.unverified)] = 0
    return floors


def source(trial: Trial) -> str:
    """Returns a program that repeats a trial, for `PYTHONPATH=benchmarks python -`."""
    program = program_of(trial.seed, trial.number)
    data = "".join(f", {name}" for name in program.arrays)
    name = f"Program {trial.number} of seed {trial.seed} ({trial.family}, {trial.way})"
    right = "formula" if trial.way == "formula" else f"exact(formula, long={program.long})"
    rows = [
        f"# {name}: {trial.kind}",
        program.source("traced" if trial.way == "formula" else trial.way),
        "",
        "import gradcompare",
        "from fuzz_wide import exact",
        "",
        f"gradient = {right}",
    ]
    if trial.missed:
        times = next(int(k) for k, caught in trial.caught.items() if not caught)
        size = f"{times * trial.floor * trial.sign!r}"
        rows += [
            f"error = np.eye({len(program.x0)})[{trial.coordinate}] * {size}",
            "wrong = lambda x, *data: gradient(x, *data) + error",
            f"print(gradcompare.check(value, wrong, x0{data}, points=1))",
        ]
    else:
        rows.append(f"print(gradcompare.check(value, gradient, x0{data}))")
    return "\n".join(rows) + "\n"
