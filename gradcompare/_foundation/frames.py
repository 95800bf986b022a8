"""CPython's frames, instructions and positions; the only module that reads them.

So is what JAX does to the frames of an error.

The instructions of compiled code, and the expressions that they come from, differ between
releases and implementations of Python. Each docstring says what is lost without them.
"""

import dis
import importlib
import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import CodeType, FrameType
from typing import Any, NamedTuple

from .errors import GradcompareError

CONSTANTS = frozenset({"LOAD_CONST", "LOAD_SMALL_INT", "RETURN_CONST"})
"""Instructions that load a number from the code, in the versions of Python since 3.11."""

GLOBAL = "LOAD_GLOBAL"
"""Instruction that reads a variable of the module."""


def whole_tracebacks() -> AbstractContextManager:
    """Returns a scope in which JAX does not take its own frames out of the traceback of an error.

    To take them out looks at the disk for each frame, 9 ms for an error: a third of a check of a
    function that JAX cannot trace. Without the setting: the time is lost.
    """
    setting = getattr(importlib.import_module("jax._src.config"), "traceback_filtering", None)
    return nullcontext() if setting is None else setting("off")


class Span(NamedTuple):
    """The position of an expression in its file: lines from 1, columns in bytes from 0."""

    line: int | None = None
    last: int | None = None
    start: int | None = None
    stop: int | None = None


def span_of(code: CodeType, instruction: int) -> Span:
    """Returns the position of the expression that the instruction at an offset comes from.

    Without positions (`python -X no_debug_ranges`): the line alone. Findings show whole lines,
    and two expressions on one line count as one. Without lines: nothing.
    """
    # Two bytes for each instruction.
    return Span(*next(itertools.islice(code.co_positions(), instruction // 2, None), ()))


def stores_item(code: CodeType, instruction: int) -> bool:
    """Whether the instruction at an offset assigns to an entry, as in `x[0] = 1`.

    Without known instructions: it does not. Such an error is then told in the words of JAX.
    """
    step = next((s for s in dis.get_instructions(code) if s.offset == instruction), None)
    return step is not None and step.opname == "STORE_SUBSCR"


def position_of(frame: FrameType) -> tuple[CodeType, int]:
    """Returns the code that a call runs, and the offset of its current instruction."""
    return frame.f_code, frame.f_lasti


def callers() -> Iterator[FrameType]:
    """Yields the active calls, the caller of this function first.

    Without frames in this Python: nothing. No branch of a function on the host is recorded.
    """
    start = getattr(sys, "_getframe", None)
    frame = None if start is None else start(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def caller_of(frame: FrameType) -> FrameType | None:
    """Returns the call that a call came from; None for the outermost one."""
    return frame.f_back


@contextmanager
def returns(see: Callable[[FrameType, Any], None]) -> Iterator[bool]:
    """Hands what returns inside, and its result, to `see`; yields whether it can."""

    def profile(frame: FrameType, event: str, result: Any) -> None:
        if event == "return":
            see(frame, result)

    with _profiled(profile) as possible:
        yield possible


@contextmanager
def _profiled(profile: Callable[[FrameType, str, Any], None]) -> Iterator[bool]:
    """Makes `profile` the profiler of this thread; yields whether that can be.

    The user's own profiler sees nothing of what runs inside. One that can neither be put back nor
    be paused, such as a compiled one, stays, and takes our place.
    """
    before = sys.getprofile()
    pause, resume = (getattr(before, name, None) for name in ("disable", "enable"))
    if before is not None and not callable(before) and not (pause and resume):
        yield False
        return
    if pause and resume:
        pause()
    sys.setprofile(profile)
    try:
        yield True
    finally:
        sys.setprofile(None)
        if pause and resume:
            resume()
        elif before is not None:
            sys.setprofile(before)


class LimitError(GradcompareError):
    """More calls were made than are allowed."""


@contextmanager
def at_most(calls: int) -> Iterator[None]:
    """Raises a `LimitError` inside once more Python functions than this were called there.

    Beside a profiler that cannot be paused: nothing is counted.
    """
    left = calls

    def profile(frame: FrameType, event: str, result: Any) -> None:
        nonlocal left
        left -= event == "call"
        if left < 0:
            raise LimitError(f"it takes more than {calls} calls")

    with _profiled(profile):
        yield


def numbers_in(code: CodeType) -> Iterator[tuple[float, int]]:
    """Yields the numbers in the code of a function and of its inner functions, with their lines.

    Without known instructions: the constants of the code, with its first line. Since Python 3.14
    small integers are no constants, but parts of instructions; they are lost then.
    """
    known = not CONSTANTS.isdisjoint(dis.opmap)
    for each in _codes(code):
        if not known:
            yield from ((n, each.co_firstlineno) for n in each.co_consts if _is_number(n))
            continue
        for step in dis.get_instructions(each):
            if step.opname in CONSTANTS and _is_number(step.argval) and step.positions:
                yield step.argval, step.positions.lineno or each.co_firstlineno


def with_constants(code: CodeType, change: Callable[[Any], Any]) -> CodeType:
    """Returns the code of a function, and of its inner functions, with other constants."""
    constants = (
        with_constants(each, change) if isinstance(each, CodeType) else change(each)
        for each in code.co_consts
    )
    return code.replace(co_consts=tuple(constants))


def globals_in(code: CodeType) -> tuple[str, ...]:
    """Returns the names of the module's variables that the code of a function reads.

    Without known instructions: all names in the code, including those of attributes. A variable
    of the module with the name of such an attribute then counts as read.
    """
    known = GLOBAL in dis.opmap
    names: dict[str, None] = {}
    for each in _codes(code):
        read = (s.argval for s in dis.get_instructions(each) if s.opname == GLOBAL)
        names |= dict.fromkeys(read if known else each.co_names)
    return tuple(names)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yields the code, and that of its inner functions."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _codes(inner)


def _is_number(value: object) -> bool:
    return type(value) in (int, float)
