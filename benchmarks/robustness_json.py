"""Damaged JSON of our own: comparisons, and lines of benchmarks."""

import json
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

from robustness_commands import Command, answer_of_command
from robustness_options import REFUSE, ROW, TAKEN
from robustness_trials import Trial, answer_of


@cache
def comparison() -> dict[str, Any]:
    """A comparison as `--json` writes it, made once, by the first trial of each process."""
    from robustness_entries import ENTRIES, X

    entry = ENTRIES[0]
    return json.loads(entry.call(entry.value, entry.wrong, X, points=1).to_json())


LEAVES = ("", "abc", None, True, -1, 1e308, [], {}, [1, [2]], {"class": "os.system"}, "nan")
"""What stands in place of a part of a file."""

DAMAGES: dict[str, Any] = {
    "nothing": "",
    "half": lambda text: text[: len(text) // 2],
    "without its end": lambda text: text[:-1],
    "more after it": lambda text: text + "x",
    "twice": lambda text: text * 2,
    "null": "null",
    "number": "3",
    "list": "[]",
    "object": "{}",
    "text": '"abc"',
    "deep": "[" * 100_000,
    "a name twice": lambda text: text[:-1] + ', "format": 2}',
    "version": lambda text: text.replace('"format": 2', '"format": 99'),
    "version text": lambda text: text.replace('"format": 2', '"format": "2"'),
    "no version": lambda text: text.replace('"format": 2, ', ""),
    "kind": lambda text: text.replace('"kind": "Comparison"', '"kind": "os.system"'),
    "other kind": lambda text: text.replace('"kind": "Comparison"', '"kind": "Location"'),
    "verdict": lambda text: text.replace('"ANALYTIC_WRONG"', '"WONDERFUL"'),
    "bytes": lambda text: text.replace("a", "\0"),
    "large number": lambda text: text.replace("0.7", "9" * 6000),
}
"""Damages of a whole file: a text, or what makes it of the text."""


def _damaged(damage: Any) -> str:
    text = json.dumps(comparison())
    return damage(text) if callable(damage) else damage


def _paths(node: Any, path: tuple = ()) -> Iterator[tuple]:
    """Yields the paths of all parts of a JSON value; of a list, only those of the first entry."""
    children = node.items() if isinstance(node, dict) else enumerate(node[:1])
    for key, child in children:
        yield (*path, key)
        if isinstance(child, (dict, list)):
            yield from _paths(child, (*path, key))


def _replaced(number: int, leaf: Any) -> str:
    """Returns the text of a comparison with one part replaced; parts are counted in circles."""
    whole = json.loads(json.dumps(comparison()))
    paths = list(_paths(whole))
    *parents, last = paths[number % len(paths)]
    node = whole
    for key in parents:
        node = node[key]
    if leaf == "gone":
        del node[last]
    else:
        node[last] = leaf
    return json.dumps(whole)


READ = (*TAKEN, "accuse", *ROW)
"""Where a part that is replaced may be as good as the one before: read, or refused."""


def json_trials() -> Iterator[Trial]:
    """Yields the trials of damaged files, by `from_json` and by the commands that read them."""
    for name, damage in DAMAGES.items():
        yield Trial(
            f"from_json, {name}", partial(answer_of, partial(_read, _damaged, damage)), REFUSE
        )
        yield Trial(f"show, {name}", partial(_shown, _damaged, damage), REFUSE)
    for number in range(0, 400, 2):
        leaf = (*LEAVES, "gone")[number // 2 % (len(LEAVES) + 1)]
        text = partial(_replaced, number, leaf)
        name = f"part {number} is {leaf!r}"
        yield Trial(f"from_json, {name}", partial(answer_of, partial(_read, text)), READ)
        if number % 8 == 0:
            yield Trial(f"show, {name}", partial(_shown, text), READ)
    for line in ("diff old.jsonl new.jsonl", "bench ridge --size 10 --out old.jsonl"):
        for name, text in {
            "garbage": "x\n",
            "list": "[]\n",
            "null": "null\n",
            "of": '{"a": 1}\n',
        }.items():
            files = {"old.jsonl": text, "new.jsonl": text}
            yield Command(line, (*REFUSE, *TAKEN), files=files, words=()).trial_as(
                f"{line}, {name}"
            )


def _read(make: Any, *damage: Any) -> Any:
    """Reads a damaged comparison, and prints what it is in every way."""
    from gradcompare import Comparison

    read = Comparison.from_json(make(*damage))
    for printed in (str, repr, Comparison.to_json, Comparison.table, Comparison.to_html):
        printed(read)
    return read


def _shown(make: Any, *damage: Any) -> tuple[str, str]:
    return answer_of_command(Command("show r.json", files={"r.json": make(*damage)}))
