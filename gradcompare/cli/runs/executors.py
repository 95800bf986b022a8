"""The executors that `gradcompare run --executor` names."""

import importlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import click

from ..._foundation.errors import InputError

EXECUTORS = ("dask", "mpi")

WAITED = "10s"
"""Time in which the scheduler of Dask has to answer."""


def with_workers(command: Callable) -> Callable:
    """Adds the options that say who examines the cases."""
    for option in (
        click.option("--scheduler", metavar="ADDRESS", help="Dask's, such as tcp://HOST:8786."),
        click.option("--executor", type=click.Choice(EXECUTORS), help="Use a cluster instead."),
        click.option(
            "--jobs", type=click.IntRange(1), help="Number of processes; default: one per core."
        ),
    ):
        command = option(command)
    return command


@contextmanager
def executor_of(options: dict[str, Any]) -> Iterator[Executor | None]:
    """Takes out the options of clusters; yields the executor that they name, if they do.

    Raises:
        UsageError: if the options do not go together.
        InputError: if the package is missing, or no scheduler or worker is there.
    """
    name, scheduler = options.pop("executor"), options.pop("scheduler")
    if (name == "dask") != (scheduler is not None):
        raise click.UsageError("--executor dask and --scheduler ADDRESS go together")
    if name is None:
        yield None
        return
    if options["jobs"] is not None:
        raise click.UsageError("--jobs counts processes of this machine; leave out --executor")
    with _dask(scheduler) if name == "dask" else _mpi() as executor:
        yield executor


@contextmanager
def _dask(scheduler: str | None) -> Iterator[Executor]:
    distributed = _imported("distributed", "dask")
    try:
        client = distributed.Client(scheduler, timeout=WAITED, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"no scheduler of Dask answers at {scheduler} ({error}); start one with "
            "`dask scheduler`, and give the address that it prints"
        ) from error
    with client:
        yield client.get_executor()


@contextmanager
def _mpi() -> Iterator[Executor]:
    futures = _imported("mpi4py.futures", "mpi")
    with futures.MPIPoolExecutor() as executor:
        yield executor


def _imported(module: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise InputError(
            f"--executor {name} needs {module.partition('.')[0]} ({error}); install "
            "gradcompare[cluster]"
        ) from error
