"""The choices of a program as a tree: operations that choose, and operations that contain them."""

from collections.abc import Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from jax.extend.core import JaxprEqn

from ..._results.branch import Branch


@dataclass(frozen=True, eq=False)
class Choice:
    """An operation that chooses.

    Attributes:
        equation: The operation.
        branches: Its branches, in the order of its cases.
        shape: The shape of its condition, with the loops around it as leading axes.
        bounds: The branches at a bound that the parameters do not move, by the number of the
            branch: the number of the operand that is the bound, and of the one that it bounds.
        derived: Whether autodiff derived it from another choice.
    """

    equation: JaxprEqn
    branches: tuple[Branch, ...]
    shape: tuple[int, ...]
    bounds: Mapping[int, tuple[int, int]]
    derived: bool = False

    @property
    def ordered(self) -> bool:
        """Whether its branches are one order of some numbers, and all other orders."""
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
    """An operation whose inside is not examined, and may choose.

    Attributes:
        words: Its description, with its place.
        steps: Whether it is seen, but changes in steps that are not followed.
    """

    words: str
    steps: bool = False


def each(nodes: Sequence[Node]) -> Iterator[Choice]:
    """Yields the choices in the order of the program."""
    for node in nodes:
        if isinstance(node, Choice):
            yield node
        else:
            for inner in node.inner:
                yield from each(inner)


def without(nodes: Sequence[Node], keys: Container[Hashable]) -> tuple[Node, ...]:
    """Returns the choices without those that autodiff derived from choices with these keys."""
    others: list[Node] = []
    for node in nodes:
        if isinstance(node, Nest):
            inner = tuple(without(each, keys) for each in node.inner)
            others += [replace(node, inner=inner)] if any(inner) else []
        elif not (node.derived and all(branch.key in keys for branch in node.branches)):
            others.append(node)
    return tuple(others)


def divided_up(parts: Iterable[Node | Unseen]) -> tuple[tuple[Node, ...], list[Unseen]]:
    """Returns the choices and the unexamined operations apart."""
    nodes, unseen = [], []
    for each in parts:
        if isinstance(each, Unseen):
            unseen.append(each)
        else:
            nodes.append(each)
    return tuple(nodes), unseen
