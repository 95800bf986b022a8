"""`scan`: which functions are examined, and in which order."""

from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path

from ..._engine.settings import Progress
from ..._foundation.errors import require_count
from ..._foundation.storage.lines import start
from .examine import entry_of
from .inputs.targets import Named, Target, functions_of
from .result import Entry, Scan
from .running.journal import Journal, read_baseline
from .running.processes import in_processes


def scan(
    targets: Target | Iterable[Target],
    *,
    seed: int = 0,
    jobs: int = 1,
    baseline: str | PathLike[str] | None = None,
    file: str | PathLike[str] | None = None,
    fresh: bool = False,
    progress: Progress = lambda name, done, total: None,
) -> Scan:
    """Asks of every function of a library: is its derivative by autodiff right?

    Each function is called in the ways that its signature and trying allow, at ordinary numbers
    and at special ones: zero, tiny and huge numbers, whole ones, both sides of each constant that
    its program compares with, ties; symmetric, singular and other special matrices. The truth is
    computed with 50 digits and more by mpmath, if it is installed: by mpmath's own function of
    that name if both have the same values, else by the program of the function itself. Where
    neither is possible, finite differences with error bars contradict autodiff at two seeds, or
    there is no fault.

    Args:
        targets: A module, a class, a function, or names: `package.module`,
            `package.module:name`; or several of them. The functions are called, so they should
            have no effects.
        seed: Seed of the ordinary points.
        jobs: The number of processes. With more than one, a function that crashes or hangs costs
            no other one its result; functions without an importable name stay in this process.
        baseline: A file of an earlier scan. Faults of the same function, argument and kind are
            left out.
        file: A file that gets each function, as one line of JSON, when it is done. What it
            already holds is not examined again, so that a scan that was interrupted goes on.
        fresh: Whether the file is emptied first.
        progress: `progress(name, done, total)` is called after each function.

    Raises:
        InputError: if an argument cannot be used.

    Examples:
        >>> import gradcompare
        >>> scan = gradcompare.scan("jax.numpy.tanh")
        >>> for fault in scan.faults:
        ...     print(fault.argument, fault.kind, fault.relative > 1e-3)
        x relative True
    """
    require_count("seed", seed, 0)
    require_count("jobs", jobs)
    functions = functions_of(targets)
    known = read_baseline(None if baseline is None else Path(baseline))
    journal = Journal(start(file, fresh=fresh), seed)
    rest = [named for named in functions if journal.get(named.name) is None]
    before = len(functions) - len(rest)
    for done, entry in enumerate(_entries(rest, seed, jobs), before + 1):
        journal.append(entry)
        progress(entry.function, done, len(functions))
    every = [journal.get(named.name) for named in functions]
    return Scan(tuple(entry for entry in every if entry is not None), known, before)


def _entries(functions: list[Named], seed: int, jobs: int) -> Iterator[Entry]:
    sent = [named for named in functions if named.path] if jobs > 1 else []
    yield from in_processes(sent, seed, jobs)
    for named in functions:
        if named not in sent:
            yield entry_of(named, seed)
