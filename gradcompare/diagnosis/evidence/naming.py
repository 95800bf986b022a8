"""Names of coordinates in a sentence: a leaf, a block of a leaf, or a list."""

from typing import Any

import numpy as np
from jaxtyping import Bool

from ..._foundation.user_code import Place
from ..._foundation.wording import short
from .data import Evidence, Leaf
from .fit import BY_CHANCE, log_choices
from .regions import branch

PARAMETER = "\ue000"
"""Stands for the array of parameters in a text until its name is known. It is no character that a
name may have: a parameter, or data, that the user calls θ keeps its name."""

NAMED_COORDINATES = 3
"""Longest list of coordinates in a sentence."""


def describe(evidence: Evidence, chosen: Bool[np.ndarray, " d"]) -> str:
    """Returns the name of these coordinates in a sentence.

    Coordinates whose derivative is zero everywhere are ignored.
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


def inside(evidence: Evidence, chosen: Bool[np.ndarray, " d"]) -> str:
    """Returns the start of a sentence about these coordinates; empty if they are all."""
    whole = bool(np.all(chosen[evidence.determined]))
    return "" if whole else f"in {describe(evidence, chosen)}, "


def others_agree(evidence: Evidence, chosen: Bool[np.ndarray, " d"]) -> str:
    """Returns a clause that the other coordinates agree, if there are any and they do."""
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
    """Returns in which part of the space entries are wrong, while others are right.

    This is the branch of a choice or a range of the parameter of the entry, if that separates
    wrong from right, or else a list of points.
    """
    if where := branch(evidence):
        return where
    wrong: np.ndarray = evidence.wrong
    right = evidence.usable & ~wrong & evidence.determined & evidence.tainted
    t, x = PARAMETER, evidence.x
    ranges = ((t, x), (f"-{t}", -x), (f"|{t}|", np.abs(x)))
    # A few numbers are in some order in any case.
    orders = log_choices(int((wrong | right).sum()), int(wrong.sum()))
    telling = np.log10(len(ranges)) - orders < np.log10(BY_CHANCE)
    for name, size in ranges if telling else ():
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
    names = [leaf.name for leaf in evidence.leaves if chosen[leaf.span].any()]
    return text.replace(PARAMETER, names[0] if len(names) == 1 else "θ")


def pointing_to(place: Place | None) -> dict[str, Any]:
    """Returns the fields of a finding for the line of a place."""
    return {} if place is None else {"file": place.file, "line": place.line}


def together(words: list[str]) -> str:
    """Returns words joined by commas and "and"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def _listed(evidence: Evidence, chosen: Bool[np.ndarray, " d"]) -> str:
    numbers = np.flatnonzero(chosen)
    names = [evidence.name(int(i)) for i in numbers[:NAMED_COORDINATES]]
    if len(numbers) <= NAMED_COORDINATES:
        return together(names)
    leaves = [leaf for leaf in evidence.leaves if chosen[leaf.span].any()]
    if len(leaves) == 1:
        size = int(np.prod(leaves[0].shape))
        return f"{len(numbers)} of the {size} coordinates of {leaves[0].name} ({names[0]}, …)"
    return f"{len(numbers)} of the {evidence.d} coordinates ({', '.join(names)}, …)"


def _block(leaf: Leaf, chosen: np.ndarray, determined: np.ndarray) -> str:
    """Returns the name of a row, column, diagonal or triangle, or an empty string."""
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
    names = [name for name, block in blocks.items() if np.all((chosen == block)[determined])]
    return names[0] if names else ""
