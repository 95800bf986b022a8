"""The option `--locate` of `gradcompare check`."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from .._api.locate import locate
from .._foundation.errors import InputError
from .._locate.location import Location
from .inputs.arguments import CheckArguments
from .inputs.options import read_options
from .output.files import FILES

NOT_LOCATED = (
    *("wrt", "sign", "scale", "symmetric", "intent"),
    *("points", "tails", "dtype", "timing", "planted", "seconds", *FILES),
)
"""The options that concern a comparison, but not a search."""


def located(options: Mapping[str, Any], stated: Sequence[str]) -> Location:
    """Searches for the wrong coordinates of the gradient that the options name.

    Args:
        options: All options of the command, by name.
        stated: The options of `NOT_LOCATED` on the command line, as the user wrote them.

    Raises:
        InputError: if `stated` is not empty, or the options cannot be used.
    """
    if stated:
        raise InputError(f"--locate does not use {', '.join(stated)}; leave that out")
    arguments = read_options(options)
    if not isinstance(arguments, CheckArguments):
        raise InputError("--locate goes with one function and its gradient; name them")
    location = locate(
        arguments.value,
        arguments.gradient,
        *arguments.point,
        argnums=arguments.argnums,
        domain=arguments.domain,
        accuracy=options["accuracy"],
        seed=options["seed"],
        other=arguments.other,
    )
    if arguments.drawn:
        click.echo(arguments.drawn)
    return location
