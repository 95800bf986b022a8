"""The choices of a program as a tree: operations that choose, and those that contain such."""

from collections.abc import Container, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from jax.extend.core import JaxprEqn

from ..._results.branch import Branch


@dataclass(frozen=True, eq=False)
class Choice:
    """An operation that chooses.

    Attributes:
        equation: The operation.
        branches: Its branches, in the order of its cases.
        shape: The shape of what is chosen with, the loops around it as axes in front.
        derived: Whether autodiff made it of another choice.
    """

    equation: JaxprEqn
    branches: tuple[Branch, ...]
    shape: tuple[int, ...]
    derived: bool = False

    @property
    def ordered(self) -> bool:
        """Whether its branches are one order of some numbers, and all others."""
        return self.equation.primitive.name == "sort"


@dataclass(frozen=True, eq=False)
class Nest:
    """An operation with inner programs that contain choices.

    Attributes:
        equation: The operation.
        inner: The choices of each of its programs.
    """

    equation: JaxprEqn
    inner: tuple[tuple["Choice | Nest", ...], ...]


Node = Choice | Nest


@dataclass(frozen=True, eq=False)
class Unseen:
    """An operation that is not looked into, and may choose inside.

    Attributes:
        words: What it is, and where.
    """

    words: str


def each(nodes: Sequence[Node]) -> Iterator[Choice]:
    """Yields the choices in the order in which they are found."""
    for node in nodes:
        if isinstance(node, Choice):
            yield node
        else:
            for inner in node.inner:
                yield from each(inner)


def without(nodes: Sequence[Node], known: Container[Hashable]) -> tuple[Node, ...]:
    """Returns the choices but for those that autodiff made of choices with known keys."""
    kept: list[Node] = []
    for node in nodes:
        if isinstance(node, Nest):
            inner = tuple(without(each, known) for each in node.inner)
            kept += [replace(node, inner=inner)] if any(inner) else []
        elif not (node.derived and all(branch.key in known for branch in node.branches)):
            kept.append(node)
    return tuple(kept)


def divided_up(found: Iterable[Node | Unseen]) -> tuple[tuple[Node, ...], list[Unseen]]:
    """Returns the choices, and what is not looked into."""
    nodes, unseen = [], []
    for each in found:
        if isinstance(each, Unseen):
            unseen.append(each)
        else:
            nodes.append(each)
    return tuple(nodes), unseen
