"""Files that cannot be meant: Python that ends or fails, and no numbers."""

import io
import pickle
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
from robustness_commands import MODEL, Command
from robustness_options import REFUSE, TAKEN
from robustness_trials import Trial

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
    "two arguments": "def loss(x, y):\n    return (x * y).sum()\ngradient = loss\n",
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


def _command(line: str, name: str, content: str | bytes, wanted: tuple[str, ...]) -> Trial:
    command = Command(line, wanted, files={"broken.py": content, "model.py": MODEL})
    return command.trial_as(f"{line}: {name}")
