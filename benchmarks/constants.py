"""What does each constant trade? Its experiment at half its value, as it is, and at twice.

Every numeric constant of the packages that judge and diagnose stands in `constants.toml`, beside
an experiment of `constant_experiments.py` or among the exceptions. The results are written after
each constant; what was measured with the present value is not measured again. The table goes to
`docs/constants.md`.

    python benchmarks/constants.py [--json FILE] [--docs FILE] [--again] [NAME...]
"""

import contextlib
import json
import tomllib
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
from constant_experiments import EXPERIMENTS, Outcome
from constant_tables import as_markdown
from constant_values import changed, constants
from tqdm import tqdm

HERE = Path(__file__).parent
RESULTS, DOCUMENT = HERE / "results" / "constants.json", HERE.parent / "docs" / "constants.md"

BUDGETS = ("SUMS_BUDGET", "NEWTON_BUDGET", "PARTS_BUDGET")
"""Budgets of operations, which are lifted: the programs of the experiments are small."""


def table() -> dict[str, dict[str, Any]]:
    """The table: for each experiment its constants; and the exceptions."""
    return tomllib.loads((HERE / "constants.toml").read_text("utf-8"))


def entries() -> dict[str, dict[str, Any]]:
    """What stands in the table for each constant that has an experiment, named in `by`."""
    return {
        name: {**entry, "by": experiment}
        for experiment, members in table().items()
        if experiment != "exceptions"
        for name, entry in members.items()
    }


def scaled(value: Any, factor: float) -> Any:
    """A value times a factor, at least 1 where it is a whole number."""
    if isinstance(value, tuple):
        return tuple(scaled(each, factor) for each in value)
    return max(1, round(factor * value)) if isinstance(value, int) else factor * value


def values(value: Any, entry: dict[str, Any]) -> tuple[Any, Any]:
    """Half the value of a constant and twice, or what its entry gives instead."""
    made = range if isinstance(value, range) else tuple
    low, high = entry.get("low"), entry.get("high")
    given = [
        made(*each) if made is range and isinstance(each, list) else each for each in (low, high)
    ]
    given = [tuple(each) if isinstance(each, list) else each for each in given]
    return tuple(
        scaled(value, factor) if each is None else each
        for each, factor in zip(given, (0.5, 2.0), strict=True)
    )


@cache
def prepared(experiment: str) -> Any:
    return EXPERIMENTS[experiment].prepare()


def outcome(experiment: str) -> Outcome:
    """Runs an experiment; one that fails with a value has no figures."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return EXPERIMENTS[experiment].run(prepared(experiment))
        except Exception as error:  # a value with which the package cannot work
            return Outcome({"fails: " + type(error).__name__: 1}, [])


@cache
def as_is(experiment: str) -> Outcome:
    prepared(experiment)
    return outcome(experiment)


def measure(name: str, value: Any, entry: dict[str, Any]) -> dict[str, Any]:
    """The figures of one constant at half its value and at twice."""
    before = as_is(entry["by"])
    result = {"value": written(value), "by": entry["by"], "as is": before.figures}
    for part, each in zip(("low", "high"), values(value, entry), strict=True):
        with changed(name, each):
            figures, marks = outcome(entry["by"])
        marked = max(len(marks), len(before.marks))
        alike = sum(
            json.dumps(a) == json.dumps(b) for a, b in zip(marks, before.marks, strict=False)
        )
        result[part] = {"value": written(each), "figures": figures, "changed": marked - alike}
    return result


def written(value: Any) -> Any:
    """A value as it stands in the results."""
    if isinstance(value, tuple):
        return [*map(written, value)]
    return str(value) if isinstance(value, range) else value


def is_measured(body: dict[str, Any], name: str, value: Any, entry: dict[str, Any]) -> bool:
    """Whether there are results of the present value, of the experiment as it was last run.

    And at the values that the table asks for. Whether the experiment still gives the same with the
    package as it is now shows only when it is run again.
    """
    result, experiment = body["constants"].get(name), body["experiments"].get(entry["by"])
    if result is None or experiment is None or result["by"] != entry["by"]:
        return False
    measured = [result["value"], *(result[part]["value"] for part in ("low", "high"))]
    asked = [written(each) for each in (value, *values(value, entry))]
    return measured == asked and result["as is"] == experiment["figures"]


@contextlib.contextmanager
def without_budgets() -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for name in constants():
            if name.rpartition(".")[2] in BUDGETS:
                stack.enter_context(changed(name, 1e18))
        yield


@click.command()
@click.argument("names", nargs=-1)
@click.option("--json", "path", type=click.Path(path_type=Path), default=RESULTS)
@click.option("--docs", type=click.Path(path_type=Path), default=DOCUMENT)
@click.option("--again", is_flag=True, help="Measure also what was measured before.")
def main(names: tuple[str, ...], path: Path, docs: Path, again: bool) -> None:
    """Measure what each constant trades, and write the table; NAME is a constant or experiment."""
    present, listed = constants(), entries()
    body = json.loads(path.read_text("utf-8")) if path.exists() else {}
    kept = {name: each for name, each in body.get("constants", {}).items() if name in listed}
    body = {"experiments": body.get("experiments", {}), "constants": kept}
    asked = [n for n in listed if not names or any(e in n or e == listed[n]["by"] for e in names)]
    with without_budgets():
        asked = [n for n in asked if again or not is_measured(body, n, present[n], listed[n])]
        for name in tqdm(asked, disable=None):
            kept[name] = measure(name, present[name], listed[name])
            done = as_is(listed[name]["by"])
            head = {"figures": done.figures, "marks": len(done.marks)}
            body["experiments"][listed[name]["by"]] = head
            body["constants"] = {each: kept[each] for each in listed if each in kept}
            path.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", "utf-8")
    docs.write_text(as_markdown(body, table(), EXPERIMENTS), "utf-8")


if __name__ == "__main__":
    main()
