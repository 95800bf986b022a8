"""The errors that gradcompare raises, and how an unknown name is answered."""

import difflib
from collections.abc import Iterable


class GradcompareError(Exception):
    """Base class of every error that gradcompare raises on purpose.

    Examples:
        >>> import gradcompare
        >>> issubclass(gradcompare.InputError, gradcompare.GradcompareError)
        True
    """


class InputError(GradcompareError, ValueError):
    """What was given cannot be used; the message says what is needed instead.

    Examples:
        >>> import gradcompare
        >>> try:
        ...     gradcompare.check(lambda x: x @ x, None, [1.0, float("nan")])
        ... except gradcompare.InputError as error:
        ...     print(error)
        the point is nan at x[1]; give finite numbers
    """


class UnknownNameError(InputError, LookupError):
    """A name that is not registered; the closest registered names are offered.

    Examples:
        >>> import gradcompare
        >>> try:
        ...     gradcompare.get_objective("rigde")
        ... except gradcompare.UnknownNameError as error:
        ...     print(error)
        unknown objective 'rigde'; did you mean ridge or hinge? known: attention, ...
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]):
        super().__init__(kind, name, sorted(known))  # as they are, so that it pickles

    def __str__(self) -> str:
        kind, name, known = self.args
        close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        return f"unknown {kind} {name!r}; {hint}known: {', '.join(known)}"
