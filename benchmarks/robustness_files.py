"""Files that cannot be meant: Python that ends or fails, damaged JSON, numbers in other formats."""

import io
import json
import pickle
import zipfile
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np
from robustness_commands import MODEL, Command
from robustness_options import REFUSE, ROW, TAKEN
from robustness_trials import Trial, answer_of

END = "\ndef loss(x):\n    return (x**2).sum()\ndef gradient(x):\n    return 2 * x\n"
"""The end of a file that is right."""

BROKEN: dict[str, str | bytes] = {
    "empty": "",
    "syntax": "def f(:\n",
    "indentation": "def f():\nreturn 1\n",
    "not utf-8": b"name = '\xff\xfe'\n" + END.encode(),
    "zero byte": b"x = 1\0\n" + END.encode(),
    "binary": bytes(range(256)),
    "exit": "import sys\nsys.exit(0)\n" + END,
    "exit 1": "raise SystemExit(1)\n" + END,
    "exit text": "raise SystemExit('bye')\n" + END,
    "exit at the end": END + "import sys\nsys.exit(0)\n",
    "raises": "raise ValueError('no')\n" + END,
    "no message": "raise RuntimeError\n" + END,
    "stop": "raise StopIteration\n" + END,
    "generator": "raise GeneratorExit\n" + END,
    "base": "class Mine(BaseException):\n    pass\nraise Mine('no')\n" + END,
    "import": "import a_module_that_is_not_there\n" + END,
    "relative": "from . import neighbour\n" + END,
    "recursion": "def f(n):\n    return f(n + 1)\nf(0)\n" + END,
    "assertion": "assert False, 'never'\n" + END,
    "not a function": "loss = gradient = 3\n",
    "text": "loss = gradient = 'f'\n",
    "class": "class loss:\n    pass\ngradient = loss\n",
    "module": "import math as loss\ngradient = loss\n",
    "no arguments": "def loss():\n    return 1.0\ndef gradient():\n    return 1.0\n",
    "two arguments": "def loss(x, y):\n    return (x * y).sum()\ndef gradient(x, y):\n    return y\n",
    "keyword": "def loss(*, x):\n    return x.sum()\ngradient = loss\n",
    "generator function": "def loss(x):\n    yield x\ngradient = loss\n",
    "coroutine": "async def loss(x):\n    return x.sum()\ngradient = loss\n",
    "fails": "def loss(x):\n    raise ValueError('no')\ngradient = loss\n",
    "exits": "import sys\ndef loss(x):\n    sys.exit(0)\ngradient = loss\n",
    "quits": "def loss(x):\n    quit()\ngradient = loss\n",
    "stops": "def loss(x):\n    raise StopIteration\ngradient = loss\n",
    "returns None": "def loss(x):\n    x.sum()\ndef gradient(x):\n    2 * x\n",
    "gradient exits": END + "def gradient(x):\n    raise SystemExit(0)\n",
    "gradient None": END + "def gradient(x):\n    2 * x\n",
    "gradient short": END + "def gradient(x):\n    return x[:1]\n",
    "gradient fails": END + "def gradient(x):\n    return 1 / 0\n",
}
"""Files in which nothing can be checked; the answer is 2, whatever they raise."""

STRANGE: dict[str, tuple[str, tuple[str, ...]]] = {
    "prints": ("print('hello')\n" + END, TAKEN),
    "warns": ("import warnings\nwarnings.warn('beware')\n" + END, TAKEN),
    "warnings are errors": ("import warnings\nwarnings.simplefilter('error')\n" + END, TAKEN),
    "errors of numpy": ("import numpy\nnumpy.seterr(all='raise')\n" + END, TAKEN),
    "debug": ("import jax\njax.config.update('jax_debug_nans', True)\n" + END, TAKEN),
    "no compiler": ("import jax\njax.config.update('jax_disable_jit', True)\n" + END, TAKEN),
    "new stdout": ("import io, sys\nsys.stdout = io.StringIO()\n" + END, TAKEN),
    "no argv": ("import sys\nsys.argv = []\n" + END, TAKEN),
    "other folder": ("import os\nos.chdir('/')\n" + END, TAKEN),
    "guard": (END + "if __name__ == '__main__':\n    raise SystemExit(0)\n", TAKEN),
    "thread": ("import threading\nthreading.Timer(9, print).start\n" + END, TAKEN),
    "low limit": ("import sys\nsys.setrecursionlimit(300)\n" + END, (*TAKEN, *REFUSE)),
    "removes itself": ("import os\nos.remove(__file__)\n" + END, TAKEN),
    "byte order mark": ("\ufeff" + END, TAKEN),
    "carriage returns": (END.replace("\n", "\r\n"), TAKEN),
    "seeds": ("import random, numpy\nrandom.seed(0)\nnumpy.random.seed(0)\n" + END, TAKEN),
    "locale": ("import locale\nlocale.setlocale(locale.LC_ALL, 'C')\n" + END, TAKEN),
    "wrong": (END + "def gradient(x):\n    return 3 * x\n", ("accuse",)),
    "wrong sign": (END + "def gradient(x):\n    return -2 * x\n", ("accuse",)),
    "wrong at one": (END + "def gradient(x):\n    return 2 * x.at[0].mul(1.5)\n", ("accuse",)),
    "wrong and prints": ("print('AGREE (GC100)')\n" + END.replace("2 * x", "x"), ("accuse",)),
    "wrong and exits": (END.replace("2 * x", "x") + "import sys\nsys.exit(0)\n", REFUSE),
}
"""Files that do more than define functions."""


def _saved(save: Any, *arrays: Any) -> bytes:
    file = io.BytesIO()
    save(file, *arrays)
    return file.getvalue()


def _zipped(**files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


class Opens:
    """What a pickle would call."""

    def __reduce__(self):
        return open, ("hacked", "w")


OBJECTS = np.array([1.0, None], dtype=object)
NUMBERS: dict[str, bytes] = {
    "a.npz": b"",
    "b.npz": b"garbage",
    "c.npz": _saved(np.savez, np.ones(3))[:60],
    "d.npz": _zipped(),
    "e.npz": _zipped(**{"x.npy": b"garbage"}),
    "f.npz": _saved(np.savez, OBJECTS),
    "g.npz": pickle.dumps(Opens()),
    "h.npz": _zipped(**{"x.npy": pickle.dumps(Opens())}),
    "i.npz": _zipped(**{"../x.npy": _saved(np.save, np.ones(3))}),
    "a.npy": b"",
    "b.npy": pickle.dumps(Opens()),
    "c.npy": _saved(np.save, np.ones(3))[:90],
    "d.npy": _saved(np.save, OBJECTS),
    "e.npy": _saved(np.save, np.array(["a", "b"])),
    "f.npy": _saved(np.save, np.array(["2024-01-01"], dtype="datetime64[D]")),
    "g.npy": _saved(np.save, np.zeros(0)),
    "h.npy": _saved(np.save, np.array([np.nan, 1.0])),
    "i.npy": _saved(np.save, np.zeros(2, dtype=[("a", float)])),
    "a.json": b"",
    "b.json": b"{",
    "c.json": b"null",
    "d.json": b'"x"',
    "e.json": b'{"x": "abc"}',
    "f.json": b'{"x": [[1, 2], [3]]}',
    "g.json": b'{"x": [1], "x": [2]}',
    "h.json": b'{"x": NaN}',
    "i.json": b'{"x": [1, null]}',
    "j.json": b"[" * 100_000,
    "k.json": b'{"x": ' + b"9" * 6000 + b"}",
    "l.json": b'{"q": [1, 2]}',
    "m.json": b'{"x": {"y": {}}}',
    "n.json": b"\xff\xfe{",
    "o.json": b'{"x": 1e999}',
    "p.json": b"[]",
    "q.json": b"{}",
    "r.json": b"true",
}
"""Files of numbers that hold none that can be meant."""


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


def file_trials() -> Iterator[Trial]:
    """Yields the trials of files, by the library and by the commands that read them."""
    for name, content in BROKEN.items():
        yield _command(
            "check broken.py:loss :gradient --at x=1,2", name, content, (*REFUSE, "error")
        )
        yield _command("run broken.py --no-timing", name, content, REFUSE)
        yield _command("check model.py:loss :gradient --at broken.py:POINT", name, content, REFUSE)
    for name, (content, wanted) in STRANGE.items():
        yield _command("check broken.py:loss :gradient --at x=1,2", name, content, wanted)
    for name, content in NUMBERS.items():
        command = Command(f"check model.py:loss :gradient --at {name}", files={name: content})
        yield command.trial()
        if not name.endswith("z"):
            command = Command(f"check --value 'sum(x**2)' --at x={name}", files={name: content})
            yield command.trial()
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


def _command(line: str, name: str, content: str | bytes, wanted: tuple[str, ...]) -> Trial:
    command = Command(line, wanted, files={"broken.py": content, "model.py": MODEL})
    return command.trial_as(f"{line}: {name}")


def _read(make: Any, *damage: Any) -> Any:
    """Reads a damaged comparison, and prints what it is in every way."""
    from gradcompare import Comparison

    read = Comparison.from_json(make(*damage))
    for printed in (str, repr, Comparison.to_json, Comparison.table, Comparison.to_html):
        printed(read)
    return read


def _shown(make: Any, *damage: Any) -> tuple[str, str]:
    from robustness_commands import answer_of_command

    return answer_of_command(Command("show r.json", files={"r.json": make(*damage)}))
