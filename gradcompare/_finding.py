"""What a diagnosis found out about a wrong derivative, in words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a derivative.

    Attributes:
        kind: What sort of fault, in a word that stays: `factor`, `sign`, `zero`, `chain factor`,
            `data factor`, `parameter factor`, `swap`, `permutation`, `transpose`, `reversed`,
            `shift`, `symmetric part`, `sum`, `accumulated`, `additive`, `factor and term`;
            `branch` where only the arm of a choice is known in which it is wrong,
            `place` where only the coordinates at fault are known, `unexplained` for what is left.
        sentence: What is wrong, for the reader.
        residual: How much of the mismatch is left unexplained by this finding and those before
            it: 0 if everything is inside the error bars, 1 if nothing is explained.
        correction: What to do about it.
        coordinates: The coordinates that it explains, or names.
    """

    kind: str
    sentence: str
    residual: float = 0.0
    correction: str = ""
    coordinates: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.sentence}; {self.correction}" if self.correction else self.sentence
