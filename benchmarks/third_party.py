"""Gradients that scikit-learn, SciPy and statsmodels ship, checked by `gradcompare.check`.

None of them is written in JAX: they are NumPy, SciPy and Cython, which autodiff cannot see, so
that finite differences alone stand against the hand-written gradient. The cases say which verdict
is expected: AGREE as a rule, with conventions declared; another one where the gradient of the
versions named in the README is known to be wrong, or is that of something else. The *floor* is
the largest of the points: an error in one coordinate above it would have been caught, relative to
the largest coordinate. *f* counts the calls of the value, or of what gives value and gradient
together; seconds are those of the whole check.

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
    """What a check of one case found, and its report."""
    count = 0

    def value(x, *args):
        nonlocal count
        found = case.value(x, *args)  # not counted where it is traced: NumPy raises there
        count += 1
        return found

    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of overflow and convergence, in the libraries
            found = gradcompare.check(value, case.gradient, case.x, *case.args, **case.options)
    except Exception as error:
        verdict, floor, report = type(error).__name__, math.nan, f"{type(error).__name__}: {error}"
    else:
        result, report = found.results[0], str(found)
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
        warnings.simplefilter("ignore")  # models that are not fitted to the end
        found = [*third_party_cases.cases(), *third_party_statsmodels.cases()]
    chosen = [c for c in found if not names or any(n in f"{c.package} {c.name}" for n in names)]
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
