"""The option `--locate` of `gradcompare check`."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import click

from .._api.locate import locate
from .._foundation.errors import InputError
from .._locate.location import Location
from .inputs.arguments import Asked
from .inputs.target import Request

NOT_LOCATED = (
    *("wrt", "sign", "scale", "symmetric", "intent"),
    *("points", "tails", "dtype", "timing", "planted"),
)
"""The options that say something about a comparison and nothing about a search."""


def located(options: Mapping[str, Any], stated: Sequence[str]) -> Location:
    """Searches the wrong coordinates of what the options of the command ask for.

    Args:
        options: All options of the command, by name.
        stated: Those of `NOT_LOCATED` that were given, as they are written.

    Raises:
        InputError: if one was, or what is asked for cannot be used.
    """
    if stated:
        raise InputError(f"--locate does without {', '.join(stated)}; leave that out")
    asked = Request(**{field.name: options[field.name] for field in fields(Request)}).read()
    if not isinstance(asked, Asked):
        raise InputError("--locate goes with one function and its gradient; name them")
    found = locate(
        asked.value,
        asked.gradient,
        *asked.arguments,
        argnums=asked.argnums,
        domain=asked.domain,
        seed=options["seed"],
    )
    if asked.drawn:
        click.echo(asked.drawn)
    return found
