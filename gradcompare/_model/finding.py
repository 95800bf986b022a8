"""A finding of the diagnosis about a wrong derivative."""

from dataclasses import dataclass

DIAGNOSED_COORDINATES = 100_000
"""Largest number of coordinates of a gradient with a diagnosis."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a derivative.

    Attributes:
        kind: The sort of fault, in a stable word: `factor`, `sign`, `zero`, `chain factor`, `data
            factor`, `parameter factor`, `matrix factor`, `swap`, `permutation`, `transpose`,
            `reversed`, `shift`, `symmetric part`, `sum`, `accumulated`, `additive`, `factor and
            term`, `term`, `sample`, `rows`, `steps`, `argument`, `intermediate`, `conjugate`,
            `tangent`, `stale`, `float32`; `Gauss-Newton` if a Hessian lacks the second derivatives
            of a value inside, `asymmetry` if it is not symmetric; `pattern` if a sparse matrix
            leaves entries out, `regime` if one of them holds only in a part of the space, `branch`
            if only the branch of a choice is known, `prefix` if only the step is known from which
            on it is wrong, `place` if only the coordinates are known, `unexplained` for the rest,
            and `no gradient` beside it if no function has this gradient.
            If autodiff is wrong: `custom rule`, `stop_gradient`, `rounding`, `comparison`,
            `special point`. If a number is not finite: `non-finite`.
        sentence: The fault, for the reader.
        residual: The share of the mismatch that this finding and those before it do not explain:
            0 if everything is inside the error bars, 1 if nothing is explained.
        correction: The way to correct it.
        coordinates: The coordinates that it explains or names.
        file: The source file that it points to, if any.
        line: The line in that file; 0 if none.
        precise: Whether it gives the error to its last digit, as a factor of a rule does.

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
    precise: bool = False

    def __str__(self) -> str:
        return f"{self.sentence}; {self.correction}" if self.correction else self.sentence
