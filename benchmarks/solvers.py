"""Objectives that a solver computes up to a tolerance: `python benchmarks/solvers.py`.

Each family (`solver_families*.py`) is a solver with the gradient that people write for it, which
is right up to the tolerance, and three wrong ones. At each of three tolerances, the gradients are
checked without and with `accuracy=` 100 tolerances. *Accused*: a right gradient got a verdict
`..._WRONG`. *Missed*: a wrong one passed. A wrong one counts if it is off by more than three
accuracies. Beside these stand the rules that SciPy's `check_grad`, torch's `gradcheck` and a
Taylor test are used with (`solver_trials.passed`).

    python benchmarks/solvers.py --seeds 3 --resume FILE
    python benchmarks/solvers.py --show brentq              # with the reports of what fails
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import click
import jax
from solver_families import Family
from solver_trials import FAMILIES, RULES, Trial, installed, run_trial
from tabulate import tabulate
from tqdm import tqdm

Task = tuple[str, float, int, str]

TOOLS = ("gradcompare", "gradcompare, accuracy", *RULES)
HEADS = (
    *("derivative", "tool", "number", "passes", "inexact", "inconclusive", "other"),
    *("..._WRONG", "accused", "missed"),
)


def tasks_of(families: Iterable[Family], seeds: int) -> list[Task]:
    return [
        (family.name, tolerance, seed, fault)
        for family in families
        for tolerance in family.tolerances
        for seed in range(seeds)
        for fault in ("", *family.faults)
    ]


def answers(trial: Trial) -> dict[str, str]:
    """Returns the answer of each tool as a verdict, `passes` or `fails`."""
    rules = {rule: "passes" if passes else "fails" for rule, passes in trial.passes.items()}
    return {"gradcompare": trial.plain, "gradcompare, accuracy": trial.accurate} | rules


def kind(answer: str) -> str:
    """Returns the column of an answer: `passes`, `inexact`, `inconclusive`, `wrong` or `other`."""
    if answer in ("AGREE", "VALID_SUBGRADIENT", "passes"):
        return "passes"
    if answer == "INCONCLUSIVE":
        return "inconclusive"
    if answer.endswith("_INEXACT"):
        return "inexact"
    return "wrong" if answer.endswith("_WRONG") or answer == "fails" else "other"


def counts(trials: Sequence[Trial], tool: str) -> list[int]:
    """Returns the numbers of the columns for one tool, of right or of wrong gradients."""
    right = not trials[0].fault
    kinds = [kind(answers(trial)[tool]) for trial in trials]
    columns = [kinds.count(each) for each in ("passes", "inexact", "inconclusive", "other")]
    wrong = kinds.count("wrong")
    return [len(trials), *columns, wrong, wrong if right else 0, 0 if right else columns[0]]


def table(trials: Sequence[Trial]) -> str:
    """Returns the counts of all tools at each tolerance and over all, right and wrong."""
    rows = []
    for name, group in sides(trials):
        rows += [[name, tool, *counts(group, tool)] for tool in TOOLS]
    return tabulate(rows, HEADS, disable_numparse=True)


def sides(trials: Sequence[Trial]) -> list[tuple[str, list[Trial]]]:
    right = [trial for trial in trials if not trial.fault]
    wrong = [trial for trial in trials if trial.fault]
    return [(name, group) for name, group in (("right", right), ("wrong", wrong)) if group]


def of_families(trials: Sequence[Trial]) -> str:
    """Returns the counts of each family at an accuracy, and how far right gradients are off."""
    rows = []
    for family in dict.fromkeys(trial.family for trial in trials):
        group = [trial for trial in trials if trial.family == family]
        row: list[str | int] = [family]
        for name in ("right", "wrong"):
            part = dict(sides(group)).get(name, [])
            plain = [kind(trial.plain) for trial in part]
            passes = [kind(trial.accurate) for trial in part].count("passes")
            row += [len(part), plain.count("passes"), plain.count("inexact"), passes]
        off = max((t.off / t.tolerance for t in group if not t.fault), default=0.0)
        rows.append([*row, f"{off:.1g}"])
    sums = ("number", "AGREE", "inexact", "AGREE at accuracy")
    heads = ("family", *(f"{name}\n{s}" for name in ("right", "wrong") for s in sums))
    return tabulate(rows, (*heads, "off /\ntolerance"), disable_numparse=True)


def fails(trial: Trial) -> bool:
    """Whether this package is not as it should be: accused, missed, or no answer at accuracy."""
    plain, accurate = kind(trial.plain), kind(trial.accurate)
    if trial.fault:
        return plain == "passes" or accurate != "wrong"
    return plain not in ("passes", "inexact") or accurate != "passes"


def recorded(path: Path | None) -> dict[Task, Trial | None]:
    """Reads the trials of an earlier run."""
    text = path.read_text("utf-8") if path is not None and path.exists() else ""
    lines = [json.loads(line) for line in text.splitlines()]
    return {tuple(task): trial and Trial(**trial) for task, trial in lines}


def completed(tasks: Sequence[Task], resume: Path | None) -> list[Trial]:
    """Runs the trials that an earlier run has not recorded, and returns all that count."""
    trials = recorded(resume)
    families = {family.name: family for family in FAMILIES}
    for task in tqdm([task for task in tasks if task not in trials], unit="gradient"):
        name, *rest = task
        trial = trials[task] = run_trial(families[name], *rest)
        jax.clear_caches()
        if resume is not None:
            with resume.open("a", encoding="utf-8") as file:
                file.write(json.dumps([task, trial and asdict(trial)]) + "\n")
    return [trial for task in tasks if (trial := trials[task]) is not None]


@click.command()
@click.argument("names", nargs=-1)
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--resume", type=click.Path(dir_okay=False, path_type=Path), help="Lines of JSON.")
@click.option("--show", is_flag=True, help="Print the reports of what fails.")
def main(names: tuple[str, ...], seeds: int, resume: Path | None, show: bool) -> None:
    """Check gradients of what solvers compute; only families whose name contains one of NAMES."""
    chosen = [f for f in FAMILIES if not names or any(name in f.name for name in names)]
    for family in chosen:
        if not installed(family):
            print(f"{family.name}: left out, because {family.needs} is not installed")
    with jax.enable_x64(True):
        trials = completed(tasks_of(filter(installed, chosen), seeds), resume)
    failures = [trial for trial in trials if fails(trial)]
    for trial in failures:
        head = f"{trial.family}, tolerance {trial.tolerance:g}, seed {trial.seed}"
        print(f"{head}, {trial.fault or 'right'}: {trial.plain}, {trial.accurate} at accuracy")
        if show:
            print(trial.report)
    print(table(trials), of_families(trials), sep="\n\n")
    raise SystemExit(bool(failures))


if __name__ == "__main__":
    main()
