"""The methods by their labels: each module of this package ends with a tuple `METHODS`."""

import functools

from .. import methods
from .._foundation.errors import UnknownNameError
from .._foundation.plugins import public_modules
from ._base import AbstractMethod


@functools.cache
def registered_methods() -> dict[str, AbstractMethod]:
    """Returns every method with its default hyper-parameters, by its label."""
    return {m.label: m for module in public_modules(methods) for m in module.METHODS}


def standard_methods() -> tuple[AbstractMethod, ...]:
    """Returns the methods that a comparison uses if none are named."""
    return tuple(method for method in registered_methods().values() if method.standard)


def voting_methods() -> tuple[AbstractMethod, ...]:
    """Returns the methods that a verdict needs, one for each source."""
    return tuple(method for method in registered_methods().values() if method.votes)


def find_method(name: str) -> AbstractMethod:
    """Returns the method labelled `name`, with its default hyper-parameters.

    Raises:
        UnknownNameError: if there is no such method.
    """
    if not isinstance(name, str) or name not in registered_methods():
        raise UnknownNameError("method", name, registered_methods())
    return registered_methods()[name]
