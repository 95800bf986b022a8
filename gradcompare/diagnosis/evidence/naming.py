"""Where a fault is: some coordinates as a leaf, a block of one, or a list of names."""

from typing import Any

import numpy as np
from jaxtyping import Bool

from ..._foundation.user_code import Place
from ..._foundation.wording import short
from .data import Evidence, Leaf
from .regions import branch

PARAMETER = "\ue000"
"""Stands for the array of parameters in a text until its name is known. It is no character that a
name may have: a parameter, or data, that the user calls θ keeps its name."""

NAMED_COORDINATES = 3
"""At most so many coordinates are named one by one."""


def describe(evidence: Evidence, chosen: Bool[np.ndarray, " d"]) -> str:
    """Returns how to call these coordinates.

    Coordinates whose derivative is zero everywhere tell nothing, and are not missed.
    """
    determined = evidence.determined
    whole = bool(np.all(chosen[determined]))
    if whole and evidence.d > 1 and np.sum(chosen) > 1:
        return "every coordinate"
    parts, left = [], chosen & determined
    for leaf in evidence.leaves:
        of_leaf = np.zeros(evidence.d, bool)
        of_leaf[leaf.span] = determined[leaf.span]
        if of_leaf.any() and np.all(chosen[of_leaf]) and (leaf.shape == () or of_leaf.sum() > 1):
            parts.append(leaf.name)
            left = left & ~of_leaf
        elif block := _block(leaf, chosen[leaf.span], determined[leaf.span]):
            parts.append(block)
            left = left & ~of_leaf
    if not left.any() and len(parts) <= NAMED_COORDINATES:
        return together(parts)
    return _listed(evidence, chosen)


def others_agree(evidence: Evidence, chosen: Bool[np.ndarray, " d"]) -> str:
    """Says that the rest is right, if there is a rest and it is."""
    rest = evidence.determined & ~chosen
    if not rest.any() or np.any(evidence.wrong[:, rest]):
        return ""
    whole = [
        leaf.name for leaf in evidence.leaves if chosen[leaf.span].any() < rest[leaf.span].any()
    ]
    untouched = sum(rest[leaf.span].sum() for leaf in evidence.leaves if leaf.name in whole)
    if 0 < len(whole) <= NAMED_COORDINATES and untouched == rest.sum():
        return f"; {together(whole)} agree{'s' * (len(whole) == 1)}"
    return "; all others agree"


def regime(evidence: Evidence) -> str:
    """Says in what part of the space entries are wrong, where others are right.

    By the branch of a choice, or the size of the parameter of the entry, if that tells them apart;
    or by the points.
    """
    if where := branch(evidence):
        return where
    wrong: np.ndarray = evidence.wrong
    right = evidence.usable & ~wrong & evidence.determined & evidence.tainted
    t, x = PARAMETER, evidence.x
    for name, size in ((t, x), (f"-{t}", -x), (f"|{t}|", np.abs(x))):
        if right.any() and size[wrong].min() > size[right].max():
            beyond, up_to = short(float(size[wrong].min())), short(float(size[right].max()))
            text = f"only for {name} ≥ {beyond}, and right for {name} ≤ {up_to}"
            return with_names(evidence, np.asarray(np.any(wrong, axis=0)), text)
    bad = np.asarray(np.any(wrong, axis=1))
    labels = [label for label, here in zip(evidence.labels, bad, strict=True) if here]
    if bad.all() or len(labels) > NAMED_COORDINATES:
        return f"only in {int(wrong.sum())} of {int((wrong | right).sum())} entries"
    return f"only at {together(labels)}"


def with_names(evidence: Evidence, chosen: Bool[np.ndarray, " d"], text: str) -> str:
    """Writes the name of the array of parameters for `PARAMETER`; θ, if there are several."""
    held = [leaf.name for leaf in evidence.leaves if chosen[leaf.span].any()]
    return text.replace(PARAMETER, held[0] if len(held) == 1 else "θ")


def pointing_to(place: Place | None) -> dict[str, Any]:
    """The fields of a finding that say which line it points to."""
    return {} if place is None else {"file": place.file, "line": place.line}


def together(words: list[str]) -> str:
    """Returns words as they are listed in a sentence."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def _listed(evidence: Evidence, chosen: Bool[np.ndarray, " d"]) -> str:
    numbers = np.flatnonzero(chosen)
    names = [evidence.name(int(i)) for i in numbers[:NAMED_COORDINATES]]
    if len(numbers) <= NAMED_COORDINATES:
        return together(names)
    held = [leaf for leaf in evidence.leaves if chosen[leaf.span].any()]
    if len(held) == 1:
        size = int(np.prod(held[0].shape))
        return f"{len(numbers)} of the {size} coordinates of {held[0].name} ({names[0]}, …)"
    return f"{len(numbers)} of the {evidence.d} coordinates ({', '.join(names)}, …)"


def _block(leaf: Leaf, chosen: np.ndarray, determined: np.ndarray) -> str:
    """The name of a row, column, diagonal or triangle of a matrix, if it is one."""
    if len(leaf.shape) != 2 or np.sum(chosen & determined) < 2:
        return ""
    rows, columns = np.indices(leaf.shape).reshape(2, -1)
    blocks = {}
    if leaf.shape[0] == leaf.shape[1]:
        blocks = {
            f"the diagonal of {leaf.name}": rows == columns,
            f"{leaf.name} off its diagonal": rows != columns,
            f"{leaf.name} above its diagonal": rows < columns,
            f"{leaf.name} below its diagonal": rows > columns,
            f"{leaf.name} on and above its diagonal": rows <= columns,
            f"{leaf.name} on and below its diagonal": rows >= columns,
        }
    first = int(np.flatnonzero(chosen & determined)[0])
    row, column = divmod(first, leaf.shape[1])
    blocks[f"row {row} of {leaf.name}"] = rows == row
    blocks[f"column {column} of {leaf.name}"] = columns == column
    found = [name for name, block in blocks.items() if np.all((chosen == block)[determined])]
    return found[0] if found else ""
