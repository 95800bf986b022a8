"""The time of one case: what it is predicted to take, its limit, and the result at the limit."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ..._evaluation.evaluator import Evaluator
from ..._foundation.limits.clock import Clock, TimeUp, announcer, running
from ..._foundation.wording import duration, listed
from ..._model.problem import Problem
from ..._points.examination import Examination
from ..._results.data import PointResult
from ..._results.result import Result
from ..settings import Case, Settings
from .bar import Bar
from .directions import lifted, reason_against
from .prediction import Prediction, predicted

WORTH_A_WORD = 2.0
"""Seconds above which a check says how long it takes before it begins."""


class TooLongError(Exception):
    """Every coordinate would take longer than the limit, and random directions would not."""


@dataclass(eq=False)
class Watch:
    """The time of one case.

    Attributes:
        case: The case.
        settings: The settings.
        clock: Its clock.
        bar: Its progress bar.
        seen: The points that were examined so far.
        prediction: What it costs; None before that is known.
        plain: The first point, where the gradient is compared along random directions.
    """

    case: Case
    settings: Settings
    clock: Clock
    bar: Bar
    seen: list[Examination] = field(default_factory=list)
    prediction: Prediction | None = None
    plain: Problem | None = None

    @property
    def is_needed(self) -> bool:
        """Whether anything depends on a prediction: without, no value is computed for it."""
        limited = self.settings.seconds is not None
        return limited or announcer() is not None or self.bar.is_wanted

    def begin(self, evaluator: Evaluator) -> None:
        """Predicts the cost at the first point, and begins the bar.

        Raises:
            TooLongError: if random directions are to be taken instead of every coordinate.
            TimeUp: if nothing fits into the limit.
        """
        if self.prediction is None and self.is_needed:
            points, left = self.settings.points, self.clock.left
            self.prediction = predicted(evaluator, points, min(WORTH_A_WORD, left))
            if self.prediction.seconds > left:
                self._go_along(evaluator.problem)
            self._tell(self.prediction.values, self.prediction.seconds, str(self.prediction))

    def _go_along(self, problem: Problem) -> None:
        prediction, left = self.prediction, self.clock.left
        assert prediction is not None
        if reason_against(problem) or prediction.seconds_along > left:
            raise TimeUp
        self.plain = problem
        fewer = replace(prediction, lines=1)
        words = f"{prediction}; along random directions {duration(prediction.seconds_along, 2)}"
        self._tell(fewer.values, prediction.seconds_along, words)
        raise TooLongError

    def _tell(self, values: int, seconds: float, words: str) -> None:
        if (tell := announcer()) is not None and seconds > WORTH_A_WORD:
            tell(f"{self.case.objective.name}: {words}")
        if self.bar.show or seconds > WORTH_A_WORD:
            self.bar.begin(self.case.objective.name, values)

    def along(self, problem: Problem) -> Problem:
        """Returns the problem along random directions, if every coordinate takes too long."""
        if self.plain is None or problem.shifts:
            return problem
        return lifted(problem, self.settings.seed)

    def timed_out(self, cause: str = "") -> Result:
        """Returns the result at the limit, with what was learned until then.

        Args:
            cause: What the process was doing, as a clause, if it did not end by itself.
        """
        objective, points = self.case.objective, tuple(each.result for each in self.seen)
        head = f"the limit of {duration(self.settings.seconds)} "
        reached = self.clock.left < 0
        parts = [f"{head}{'is passed' if reached else 'does not suffice'}"]
        parts += [cause] if cause else []
        if self.prediction is not None:
            parts.append(str(self.prediction))
            if not reached:
                seconds = duration(self.prediction.seconds_along, 2)
                parts.append(f"random directions alone take about {seconds}")
        if points:
            parts.append(f"examined until then: {_verdicts(points)}")
        first = self.seen[0].evaluator.problem if self.seen else None
        return Result(
            objective.name,
            self.case.size,
            self.settings.quantity,
            d=0 if first is None else first.layout.size,
            paths=() if first is None else first.output.paths,
            shapes=() if first is None else first.output.shapes,
            points=points,
            expected=objective.expected,
            message="; ".join(parts),
            timed_out=True,
        )


ACTIVE: list[Watch] = []
"""The cases that are being examined in this process, for a thread that ends it."""


def _verdicts(points: tuple[PointResult, ...]) -> str:
    return listed([f"{point.label} ({point.judgement.verdict.name})" for point in points])


@contextmanager
def watched(case: Case, settings: Settings) -> Iterator[Watch]:
    """Until the block ends, the clock of this case runs."""
    bar = Bar(settings.progress)
    watch = Watch(case, settings, Clock(settings.seconds, bar.tell), bar)
    ACTIVE.append(watch)
    try:
        with running(watch.clock):
            yield watch
    finally:
        ACTIVE.remove(watch)
        bar.close()
