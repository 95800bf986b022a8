"""Random programs whose right gradient is known: `python benchmarks/fuzz.py --count 1000`.

Each program is checked as a traced function and as one on the host that can only be called (and,
with `--ways twin`, as NumPy code that is rerun with jax.numpy, with `--ways formula`, with its
gradient in jax.numpy). A right gradient must not be called wrong, and an error of ten or
three stated floors in one coordinate must not pass. *Unverified* are the coordinates for which the
check of the right gradient states no floor at x0, kinks among them. Failures are printed as
programs. The families stand in `fuzz_families.py` and `fuzz_digits.py`; programs take them by
turns.

    python benchmarks/fuzz.py --count 1000 --jobs 2 --resume FILE
    python benchmarks/fuzz.py --only 17 --ways host        # program 17 with its report
"""

import itertools
import json
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

import click
import jax
from fuzz_digits import FAMILIES
from fuzz_trials import PLANTED, WAYS, Trial, family_of, run_trial, source
from tabulate import tabulate
from tqdm import tqdm

RENEWED = 50
"""Trials after which compiled programs are dropped: each one is used only once."""

Task = tuple[int, int, str]


def tasks_of(seed: int, count: int, ways: list[str], families: list[str]) -> list[Task]:
    numbers = (n for n in itertools.count() if family_of(n) in families)
    return [(seed, n, way) for n in itertools.islice(numbers, count) for way in ways]


def run_all(tasks: list[Task], jobs: int, sizes: tuple[int, ...]) -> Iterator[Trial]:
    """Yields the trials as they end."""
    if jobs == 1:
        for done, task in enumerate(tasks, 1):
            yield run_trial(*task, sizes)
            if done % RENEWED == 0:
                jax.clear_caches()
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, max_tasks_per_child=4 * RENEWED) as pool:
        for future in as_completed([pool.submit(run_trial, *task, sizes) for task in tasks]):
            yield future.result()


def recorded(path: Path | None) -> dict[Task, Trial]:
    """Reads the trials of an earlier run; a line that was not written to its end is ended."""
    trials = {}
    text = path.read_text("utf-8") if path is not None and path.exists() else ""
    if path is not None and text and not text.endswith("\n"):
        path.write_text(text + "\n", encoding="utf-8")
    for line in text.splitlines():
        try:
            trial = Trial(**json.loads(line))
        except json.JSONDecodeError:
            continue
        trials[trial.seed, trial.number, trial.way] = trial
    return trials


HEADS = (
    *("family", "way", "programs", "AGREE", "INCONCLUSIVE", "accused", "other"),
    *(f"caught, {k} floors" for k in PLANTED),
    *("missed", "unverified"),
)


def table(trials: list[Trial]) -> str:
    groups: dict[tuple[str, str], list[Trial]] = {}
    for trial in trials:
        groups.setdefault((trial.family, trial.way), []).append(trial)
        groups.setdefault(("all", trial.way), []).append(trial)
    order = {name: k for k, name in enumerate([*FAMILIES, "all"])}
    keys = sorted(groups, key=lambda key: (order[key[0]], WAYS.index(key[1])))
    return tabulate([[*key, *_counts(groups[key])] for key in keys], HEADS)


def _counts(group: list[Trial]) -> list[int | str]:
    unclear = sum(t.verdict == "INCONCLUSIVE" for t in group)
    agree, accused = sum(t.ok for t in group), sum(t.accused for t in group)
    planted = [[t.caught[str(k)] for t in group if str(k) in t.caught] for k in PLANTED]
    return [
        *(len(group), agree, unclear, accused, len(group) - agree - unclear - accused),
        *(f"{sum(caught)}/{len(caught)}" for caught in planted),
        sum(not caught for caughts in planted for caught in caughts),
        f"{sum(t.unverified for t in group)}/{sum(t.d for t in group)}",
    ]


@click.command()
@click.option("--count", type=click.IntRange(1), default=120, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--ways", default="both", show_default=True, help="traced, host, twin, formula or both."
)
@click.option("--families", default="", help="Parts of the names of families, with commas.")
@click.option("--planted", default="10,3", show_default=True, help="Sizes of errors, in floors.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True)
@click.option("--only", type=click.IntRange(0), help="Run and print this program.")
@click.option("--resume", type=click.Path(dir_okay=False, path_type=Path), help="Lines of JSON.")
@click.option("--failures", default=10, show_default=True, help="Failures to print as programs.")
def main(
    count: int,
    seed: int,
    ways: str,
    families: str,
    planted: str,
    jobs: int,
    only: int | None,
    resume: Path | None,
    failures: int,
) -> None:
    """Check random programs with right gradients and with planted errors."""
    chosen = ["traced", "host"] if ways == "both" else ways.split(",")
    if unknown := set(chosen) - set(WAYS):
        ways = ", ".join(WAYS)
        raise click.BadParameter(f"{', '.join(unknown)}: the ways are {ways} and both")
    sizes = tuple(k for k in PLANTED if str(k) in planted.split(","))
    if only is not None:
        for way in chosen:
            _show(run_trial(seed, only, way, sizes))
        return
    parts = families.split(",")
    names = [name for name in FAMILIES if any(part in name for part in parts)]
    if not names:
        raise click.BadParameter(f"the families are {', '.join(FAMILIES)}")
    trials = _completed(tasks_of(seed, count, chosen, names), resume, jobs, sizes)
    for trial in [t for t in trials if t.kind][:failures]:
        _show(trial)
    print(table(trials))


def _completed(
    tasks: list[Task], resume: Path | None, jobs: int, sizes: tuple[int, ...]
) -> list[Trial]:
    """Runs the trials that an earlier run has not recorded, and returns all of them."""
    before = recorded(resume)
    trials = [before[task] for task in tasks if task in before]
    missing = [task for task in tasks if task not in before]
    for trial in tqdm(run_all(missing, jobs, sizes), total=len(missing), unit="check"):
        trials.append(trial)
        if resume is not None:
            with resume.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(trial)) + "\n")
    return trials


def _show(trial: Trial) -> None:
    """Prints a trial as a program, with its report."""
    print(source(trial))
    print(f"# {trial.verdict}", *trial.report.splitlines(), sep="\n# ")
    print(f"# {trial}\n" if not trial.report else "")


if __name__ == "__main__":
    main()
