"""A hypothesis about a fault: the base class."""

import abc
from typing import ClassVar

from ..._model.finding import Finding
from ..evidence.data import Evidence


class AbstractHypothesis(abc.ABC):
    """One idea of what could be wrong."""

    rank: ClassVar[int]
    """Complexity; of two hypotheses that explain the same, the one of lower rank is reported."""

    explains: ClassVar[bool] = True
    """Whether it explains what is wrong, not only where."""

    @abc.abstractmethod
    def explain(self, evidence: Evidence) -> Finding | None:
        """Returns what is wrong with all or some of the coordinates in `evidence.open`.

        Returns:
            A finding whose `coordinates` it explains to within the error bars at every point;
            the caller computes its residual. None if the idea does not fit.
        """
