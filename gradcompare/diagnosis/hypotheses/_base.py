"""A hypothesis about a fault: what every one has."""

import abc
from typing import ClassVar

from ..._model.finding import Finding
from ..evidence.data import Evidence


class AbstractHypothesis(abc.ABC):
    """One idea of what could be wrong."""

    rank: ClassVar[int]
    """How complicated it is: of two that explain the same, the one of lower rank is reported."""

    explains: ClassVar[bool] = True
    """Whether it says what is wrong, not only where."""

    @abc.abstractmethod
    def explain(self, evidence: Evidence) -> Finding | None:
        """Returns what is wrong with the coordinates in `evidence.open`, or with some of them.

        Returns:
            A finding whose `coordinates` it explains to within the error bars at every point;
            its residual is worked out by the caller. None if the idea does not fit.
        """
