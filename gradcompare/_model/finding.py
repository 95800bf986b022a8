"""What a diagnosis found out about a wrong derivative, in words."""

from dataclasses import dataclass

DIAGNOSED_COORDINATES = 100_000
"""With more coordinates than that, no diagnosis of a gradient is made."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a derivative.

    Attributes:
        kind: What sort of fault, in a word that stays: `factor`, `sign`, `zero`, `chain factor`,
            `data factor`, `parameter factor`, `matrix factor`, `swap`, `permutation`,
            `transpose`, `reversed`, `shift`, `symmetric part`, `sum`, `accumulated`, `additive`,
            `factor and term`, `term`, `sample`, `stale`, `float32`; `regime` where one of them
            holds in a part of the space only, `branch` where only the branch of a choice is known,
            `place` where only the coordinates are, `unexplained` for what is left.
            Where autodiff is wrong: `custom rule`, `stop_gradient`, `rounding`, `comparison`,
            `special point`. Where a number is not finite: `non-finite`.
        sentence: What is wrong, for the reader.
        residual: How much of the mismatch is left unexplained by this finding and those before
            it: 0 if everything is inside the error bars, 1 if nothing is explained.
        correction: What to do about it.
        coordinates: The coordinates that it explains, or names.
        file: The source file that it points to, if it does.
        line: The line of it; 0 if there is none.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> (result,) = gradcompare.check(lambda x: jnp.sum(x**2), lambda x: -2 * x, [1.0, 2.0])
        >>> (finding,) = result.diagnosis
        >>> finding.kind, finding.coordinates
        ('sign', (0, 1))
        >>> print(finding)
        every coordinate: the opposite sign of the reference; change the sign, or declare ...
    """

    kind: str
    sentence: str
    residual: float = 0.0
    correction: str = ""
    coordinates: tuple[int, ...] = ()
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"{self.sentence}; {self.correction}" if self.correction else self.sentence
