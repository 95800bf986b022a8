"""Bad input: is every answer clear? Some 3000 inputs, each in a process of its own.

    python benchmarks/robustness.py                 # all parts, in ten minutes on two cores
    python benchmarks/robustness.py files --every 10

The parts: `options` and `functions` go through the API, `controls` are right and wrong gradients
that have to be taken, `commands` and `files` go through the command line, `json` through both. Of
the command lines, one in fifty is run once more as a command of the shell, to be answered alike.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from robustness_commands import Command, answer_of_code, command_trials, write_files
from robustness_controls import control_trials
from robustness_files import file_trials
from robustness_functions import function_trials
from robustness_json import json_trials
from robustness_options import option_trials
from robustness_trials import KINDS, Answer, Trial, run_trials
from tabulate import tabulate

PARTS: dict[str, Callable[[], Iterator[Trial]]] = {
    "options": option_trials,
    "functions": function_trials,
    "controls": control_trials,
    "commands": command_trials,
    "files": file_trials,
    "json": json_trials,
}

TRUE = 50
"""One in so many command lines is run as a command too."""


def trials_of(parts: list[str], every: int = 1) -> dict[str, list[Trial]]:
    """Returns the trials of parts, or each so-many-th of them."""
    return {part: list(PARTS[part]())[::every] for part in parts}


def true_commands(trials: list[Trial]) -> list[Trial]:
    """Returns trials of a few of the same command lines, as commands of the shell."""
    chosen = [t for t in trials if isinstance(command_of(t), Command)][::TRUE]
    return [Trial(f"{t.name}, as a command", partial(_run, t), t.wanted, t.says) for t in chosen]


def command_of(trial: Trial) -> object:
    """The command line of a trial, if it is one."""
    return getattr(trial.call, "args", (None,))[0]


def _run(trial: Trial) -> tuple[str, str]:
    """Runs the command of a trial in a new Python."""
    command = command_of(trial)
    assert isinstance(command, Command)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder, "work")
        work.mkdir()
        write_files(command.all_files, work)
        before = command.listed(work)
        line = [sys.executable, "-m", "gradcompare", *command.arguments]
        with Path(folder, "out").open("wb") as out, Path(folder, "err").open("wb") as err:
            code = subprocess.run(
                line, cwd=work, stdin=subprocess.DEVNULL, stdout=out, stderr=err
            ).returncode
        return answer_of_code(command, code, Path(folder), before)


def main() -> int:
    """Runs the trials, and prints what is not clear and the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="default: all")
    parser.add_argument("--every", type=int, default=1, help="run each so-many-th trial")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts to FILE")
    options = parser.parse_args()
    rows = []
    for part, trials in trials_of(options.parts or list(PARTS), options.every).items():
        answers = list(run_trials([*trials, *true_commands(trials)], options.jobs))
        for answer in answers:
            if answer.kind != "clear":
                print(f"{answer.kind}: {answer.name}\n    {answer.text[:300]!a}", flush=True)
        rows.append(row(part, answers))
    total = Counter[str]()
    for each in rows:
        total.update({name: number for name, number in each.items() if name != "part"})
    rows.append({"part": "all", **total})
    print(tabulate(rows, headers="keys"))
    if options.json:
        options.json.write_text(f"{json.dumps(rows, indent=1)}\n")
    return int(total["clear"] < total["inputs"])


def row(part: str, answers: list[Answer]) -> dict[str, str | int]:
    """Returns the counts of a part."""
    counts = Counter(answer.kind for answer in answers)
    return {"part": part, "inputs": len(answers), **{kind: counts[kind] for kind in KINDS}}


if __name__ == "__main__":
    sys.exit(main())
