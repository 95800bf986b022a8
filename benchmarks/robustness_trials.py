"""One trial with a bad input: in a process of its own, with limits, and what its answer is worth.

A fork server runs them: the parent has imported JAX and this package, but has started no backend,
so a child may start its own. A child that is too slow or too large is killed with all that it has
started.
"""

import contextlib
import ctypes
import os
import pickle
import re
import resource
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax

SECONDS, BYTES = 60.0, 4 * 2**30
"""Limits of one trial. Most take less than a second; two cores may be shared with others."""

ANSWERS = ("agree", "accuse", "error", "refuse", "user", "done")
"""What a trial may be answered by: a verdict that is ok; one that is not; the verdict ERROR with a
reason; an InputError; the exception of the user's own function; a command without a verdict."""

UNREADABLE = re.compile(r"Traceback|Tracer|0x[0-9a-f]{6}|<class |jaxlib")
"""What a sentence for a reader does not hold."""

LONGEST = 2500
"""Characters of a message."""


PR_SET_PDEATHSIG = 1
"""The request of Linux for a signal at the end of the parent, as in prctl(2)."""


class UsersError(Exception):
    """What the functions of the trials raise."""


@dataclass(frozen=True)
class Trial:
    """A bad input, and the answers that are right.

    Attributes:
        name: Its name: the entry point, what is bad, and how.
        call: Gives the input to the package; returns a pair of an answer and its text.
        wanted: The right answers.
        says: A pattern that the text of an error holds, whatever its case.
    """

    name: str
    call: Callable[[], tuple[str, str]] = field(compare=False)
    wanted: tuple[str, ...]
    says: str = ""


@dataclass(frozen=True)
class Answer:
    """What came of a trial.

    Attributes:
        name: The name of the trial.
        kind: One of `KINDS`.
        text: What was answered.
        seconds: How long it took.
    """

    name: str
    kind: str
    text: str
    seconds: float


KINDS = ("clear", "unclear", "raw exception", "hang", "wrong verdict", "crash")
"""Clear: a right answer, in a readable sentence. Unclear: a right answer that does not name what
it is about. Hang: over a limit. Wrong verdict: another answer than the right ones."""


def judged(trial: Trial, answer: str, text: str) -> str:
    """Returns the kind of an answer."""
    if answer == "raw":
        return "raw exception"
    if answer not in trial.wanted:
        return "wrong verdict"
    if answer in ("refuse", "error"):
        readable = text.strip() and len(text) < LONGEST and not UNREADABLE.search(text)
        if not readable or not re.search(trial.says, text, re.IGNORECASE):
            return "unclear"
    return "clear"


def answer_of(call: Callable[[], Any]) -> tuple[str, str]:
    """Calls a function of the package, and returns the answer with its text."""
    from gradcompare import GradcompareError
    from gradcompare.testing import GradientMismatch

    try:
        outcome = call()
        text = str(outcome)
    except UsersError as error:
        return "user", str(error)
    except GradientMismatch as error:
        return "error" if "ERROR (GC502)" in str(error) else "accuse", str(error)
    except GradcompareError as error:
        return "refuse", str(error)
    except BaseException as error:
        if isinstance(error, TypeError) and re.search(r"takes_\w+\(\) takes", str(error)):
            return "user", str(error)  # a function of the trial that takes other arguments
        return "raw", f"{type(error).__name__}: {error}"
    return verdict_of(outcome), text


def verdict_of(outcome: Any) -> str:
    """Returns the answer that a result is."""
    verdict = getattr(outcome, "verdict", None)
    if verdict is not None and verdict.name == "ERROR":
        return "error"
    return "agree" if getattr(outcome, "ok", True) else "accuse"


def run_trials(
    trials: Iterable[Trial], jobs: int = 1, seconds: float = SECONDS
) -> Iterator[Answer]:
    """Runs each trial in a process of its own, and yields what came of it.

    A child of a process with a backend of JAX would wait for ever for its threads.
    """
    jax.config.update("jax_platforms", "none in this process")
    waiting, running = list(trials)[::-1], []
    while waiting or running:
        while waiting and len(running) < jobs:
            running.append(_Process(waiting.pop(), seconds))
        ended = [process for process in running if process.has_ended()]
        yield from (process.answer() for process in ended)
        running = [process for process in running if process not in ended]
        time.sleep(0.005)


class _Process:
    """The process of one trial."""

    def __init__(self, trial: Trial, seconds: float):
        self.trial, self.begin, self.killed = trial, time.monotonic(), ""
        self.seconds = seconds
        self.folder = tempfile.TemporaryDirectory(prefix="robustness-")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # JAX warns of forks; no backend has been started
            self.pid = os.fork()
        if self.pid == 0:
            _child(trial, Path(self.folder.name))

    def has_ended(self) -> bool:
        pid, self.status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)  # what it left behind
            return True
        late = time.monotonic() - self.begin > self.seconds
        large = _resident_bytes(self.pid) > BYTES
        if (late or large) and not self.killed:
            self.killed = f"more than {self.seconds} s" if late else "more than 4 GiB"
            os.killpg(self.pid, signal.SIGKILL)
        return False

    def answer(self) -> Answer:
        took = time.monotonic() - self.begin
        result = Path(self.folder.name, "answer")
        if self.killed:
            kind, text = "hang", self.killed
        elif not result.exists():
            kind, text = "crash", f"status {self.status}\n{_tail(self.folder.name)}"
        else:
            answer, text = pickle.loads(result.read_bytes())  # our own child wrote it
            kind = judged(self.trial, answer, text)
            text = f"{answer}: {text}"
        self.folder.cleanup()
        return Answer(self.trial.name, kind, text, took)


def _child(trial: Trial, folder: Path) -> None:
    """Runs a trial, writes its answer, and ends the process."""
    try:
        os.setsid()
        if sys.platform == "linux":  # it ends with its parent
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (int(2 * SECONDS), int(2 * SECONDS)))
        work = folder / "work"
        work.mkdir()
        os.chdir(work)
        for name, number in (("out", 1), ("err", 2)):
            os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        jax.config.update("jax_platforms", "cpu")
        answer = trial.call()
        beside = folder / "answer.tmp"
        beside.write_bytes(pickle.dumps(answer))
        beside.rename(folder / "answer")
        os._exit(0)
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(70)


def _tail(folder: str) -> str:
    file = Path(folder, "err")
    return file.read_text(errors="replace")[-400:] if file.exists() else ""


def _resident_bytes(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * resource.getpagesize()
