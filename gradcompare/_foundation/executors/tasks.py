"""One function, called with many arguments by the workers of an executor.

An executor is what has `submit`, which returns a `concurrent.futures.Future`. What is sent to
another process is pickled here: once for all calls, and with cloudpickle where that is installed,
so that functions of a notebook, and functions inside of others, can be sent as well. A scheduler
that passes it on sees bytes only, and needs none of the user's modules.

What a worker raises comes back as a value. So whatever a future raises is the executor's own: a
worker that died, a connection that was lost.
"""

import functools
import importlib
import pickle
import platform
import uuid
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from ..errors import GradcompareError, InputError, LostWorkerError, UnsentError, outcome_of
from ..user_code import describe
from ..wording import given

UNPICKLED = (pickle.PicklingError, AttributeError, TypeError)
"""The errors of pickle, and of libraries that use it, for what cannot be sent."""


@dataclass(frozen=True)
class Reply:
    """What a worker sends back.

    Attributes:
        result: The result of the call.
        error: The error that the call raised.
        unloaded: The reason why the worker could not load the function or its arguments.
    """

    result: Any = None
    error: Exception | None = None
    unloaded: str = ""


@dataclass(frozen=True)
class Task:
    """A function, ready to be sent.

    Attributes:
        executor: The executor.
        what: The name of the function for messages.
        sent: The function, as bytes where it leaves the process.
        refusal: The reason why it could not be pickled here.
    """

    executor: Executor
    what: str
    sent: Callable | bytes
    refusal: str = ""

    @classmethod
    def of(cls, executor: Executor, function: Callable, what: str) -> "Task":
        """Packs a function for an executor, unless its workers are threads of this process."""
        if isinstance(executor, ThreadPoolExecutor):
            return cls(executor, what, function)
        packed = outcome_of(lambda: _pickler().dumps(function))
        if isinstance(packed, bytes):
            return cls(executor, what, packed)
        return cls(executor, what, function, describe(packed))

    def submit(self, *args: Any) -> Future[Reply]:
        """Hands one call to the executor.

        Raises:
            UnsentError: if the function or an argument cannot be pickled.
            LostWorkerError: if the executor takes no calls any more.
        """
        packed = isinstance(self.sent, bytes)
        arguments = outcome_of(lambda: _pickler().dumps(args)) if packed else args
        if isinstance(arguments, Exception):
            raise UnsentError(
                f"what {self.what} is called with cannot be sent to the workers of the executor "
                f"({describe(arguments)}); give arrays and plain containers"
            ) from arguments
        # Some executors answer equal calls once only, and what is random shows by its calls.
        token = uuid.uuid4().hex
        future = outcome_of(lambda: self.executor.submit(_called, self.sent, arguments, token))
        if isinstance(future, Exception):
            raise self._told(future) from future
        return future

    def result(self, future: Future[Reply]) -> Any:
        """Waits for a call, and returns its result or raises the error of the function.

        Raises:
            UnsentError: if the function cannot be pickled, or a worker cannot load it.
            LostWorkerError: if the executor lost the call.
        """
        reply = outcome_of(future.result)
        if isinstance(reply, Exception):
            raise self._told(reply) from reply
        if reply.unloaded:
            raise UnsentError(
                f"a worker of the executor cannot load {self.what}: {reply.unloaded}; install "
                "there what it imports, and let files have the same path"
            )
        if reply.error is not None:
            raise reply.error
        return reply.result

    def _told(self, error: Exception) -> GradcompareError:
        """Returns what to say of an error of the executor."""
        if self.refusal and isinstance(error, UNPICKLED):
            return UnsentError(
                f"{self.what} cannot be sent to the workers of the executor ({self.refusal}); "
                "define it, and what it refers to, at the top of a module, install cloudpickle, "
                "or give a ThreadPoolExecutor"
            )
        return LostWorkerError(
            f"the executor did not answer for {self.what} ({describe(error)}): a worker died, ran "
            "out of memory, could not start, or cannot be reached"
        )


def require_executor(executor: object) -> None:
    """Checks an argument `executor`.

    Raises:
        InputError: if it has no method `submit`.
    """
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise InputError(
            f"executor is {given(executor)}; give one of concurrent.futures, such as "
            "ProcessPoolExecutor(), or what has its method submit, such as "
            "dask.distributed.Client().get_executor()"
        )


def _called(sent: Callable | bytes, arguments: tuple | bytes, token: str) -> Reply:
    """Calls a function on a worker; `token` makes each call another one."""
    try:
        function = _loaded(sent) if isinstance(sent, bytes) else sent
        args = pickle.loads(arguments) if isinstance(arguments, bytes) else arguments
    except Exception as error:
        return Reply(unloaded=f"{describe(error)}, on {platform.node()}")
    outcome = outcome_of(lambda: function(*args))
    if isinstance(outcome, Exception):
        return Reply(error=_portable(outcome))
    return Reply(outcome)


@functools.lru_cache(maxsize=1)
def _loaded(packed: bytes) -> Callable:
    """Unpacks a function; kept, so that what it compiles or reads is there at its next call."""
    return pickle.loads(packed)


def _portable(error: Exception) -> Exception:
    """Returns an error as it is if it survives pickling; otherwise its words."""
    again = outcome_of(lambda: pickle.loads(pickle.dumps(error)))
    return error if type(again) is type(error) else GradcompareError(describe(error))


@functools.cache
def _pickler() -> ModuleType:
    """Returns cloudpickle, which Dask and Ray bring along; otherwise pickle."""
    found = outcome_of(lambda: importlib.import_module("cloudpickle"))
    return pickle if isinstance(found, Exception) else found
