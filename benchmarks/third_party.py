"""Gradients that scikit-learn, SciPy and statsmodels ship, checked by `gradcompare.check`.

They are written in NumPy, SciPy and Cython, which autodiff cannot see. So only finite differences
are compared with the hand-written gradient. Each case states the expected verdict: usually AGREE,
with conventions declared; another one if the gradient in the versions named in the README is known
to be wrong, or is that of another function. The *floor* is the largest of the points: a larger
error in one coordinate, relative to the largest coordinate, would have been detected. *f* counts
the calls of the value, or of the function that returns value and gradient; the seconds are those
of the whole check.

    python benchmarks/third_party.py [--json FILE] [NAME...]
"""

import json
import math
import time
import warnings
from datetime import date
from importlib import metadata
from pathlib import Path

import click
import third_party_cases
import third_party_statsmodels
from tabulate import tabulate
from third_party_cases import Case

import gradcompare
from gradcompare._engine.environment import environment
from gradcompare._foundation.precision import find_device

PACKAGES = ("numpy", "scipy", "scikit-learn", "statsmodels")
HEAD = ("package", "function", "d", "verdict", "expected", "floor", "f", "seconds")


def checked(case: Case) -> tuple[dict, str]:
    """Returns the row of one case, and the report of its check."""
    count = 0

    def value(x, *args):
        nonlocal count
        number = case.value(x, *args)  # raises while JAX traces it, so that call does not count
        count += 1
        return number

    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the libraries warn of overflow and convergence
            comparison = gradcompare.check(
                value, case.gradient, case.x, *case.args, **case.options
            )
    except Exception as error:
        verdict, floor, report = type(error).__name__, math.nan, f"{type(error).__name__}: {error}"
    else:
        result, report = comparison.results[0], str(comparison)
        verdict = result.verdict.name
        floor = max((p.judgement.relative_floor for p in result.points), default=math.nan)
    row = {"package": case.package, "function": case.name, "d": case.x.size, "verdict": verdict}
    row |= {"expected": case.expected, "floor": floor, "f": count}
    return row | {"seconds": time.perf_counter() - start, "why": case.why}, report


@click.command()
@click.argument("names", nargs=-1)
@click.option("--json", "path", type=click.Path(path_type=Path))
def main(names: tuple[str, ...], path: Path | None) -> None:
    """Check the gradients whose package or function contains one of NAMES; all by default."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some models are not fitted to the end
        cases = [*third_party_cases.cases(), *third_party_statsmodels.cases()]
    chosen = [c for c in cases if not names or any(n in f"{c.package} {c.name}" for n in names)]
    rows, reports = [], []
    for case in chosen:
        row, report = checked(case)
        rows.append(row)
        reports.append(report)
    body = [[show(row, head) for head in HEAD] for row in rows]
    align = ("left", "left", "right", "left", "left", "right", "right", "right")
    print(tabulate(body, HEAD, disable_numparse=True, colalign=align), "\n")
    for row in rows:
        if row["why"]:
            print(f"{row['function']}: {row['why']}")
    versions = {name: metadata.version(name) for name in PACKAGES}
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    unexpected = [i for i, row in enumerate(rows) if row["verdict"] != row["expected"]]
    for i in unexpected:
        print(f"\nunexpected: {rows[i]['package']} {rows[i]['function']}\n{reports[i]}")
    if path is not None:
        around = environment(find_device(None)) | versions
        body = {"date": date.today().isoformat(), "environment": around, "rows": rows}
        text = json.dumps(body, indent=1, ensure_ascii=False).replace("NaN", "null") + "\n"
        path.write_text(text, encoding="utf-8")
    raise SystemExit(bool(unexpected))


def show(row: dict, head: str) -> str:
    value = row[head]
    if head == "expected":
        return "" if value == row["verdict"] == "AGREE" else value
    if head == "floor":
        return "" if math.isnan(value) else f"{value:.1e}"
    return f"{value:.2f}" if head == "seconds" else str(value)


if __name__ == "__main__":
    main()
