"""What a user gets wrong: each line with a comment has to be an error to both type checkers.

Of a truth value, pyright alone can tell; mypy knows no `NoReturn` there.
"""

from typing import Any

import numpy as np

import gradcompare
from gradcompare import AbstractEvaluator, AbstractMethod


def value(x: Any) -> Any:
    return x


x0 = np.ones(3)
gradcompare.chek(value, value, x0)  # error
gradcompare.check(value, value, x0, pionts=3)  # error
gradcompare.check(value, value)  # error
gradcompare.check(value, "gradient", x0)  # error
gradcompare.check(value, value, x0, wrt="logarithm")  # error
print(gradcompare.check(value, value, x0).okay)  # error
print(gradcompare.check(value, value, x0).verdict.sentence)  # error
gradcompare.locate(value, value, x0, points=3)  # error
print(gradcompare.estimate(value, x0).values)  # error
gradcompare.selftest(value)  # error
print(gradcompare.Verdict.AGREES)  # error
gradcompare.Objective(name="f", value=value)  # error
gradcompare.watch(value)  # error
count: int = gradcompare.estimate(value, x0).note  # error
seconds: gradcompare.Timings  # error


def ask(evaluator: AbstractEvaluator) -> None:
    evaluator.gradient()  # error
    evaluator.perturbed(x0)  # error


class Half(AbstractMethod):
    pass


Half()  # error


def truth() -> None:
    if gradcompare.check(value, value, x0):  # error: pyright
        pass


def assertion() -> None:
    assert gradcompare.locate(value, value, x0)  # error: pyright


def misspelt() -> None:
    from gradcompare import nonsense  # noqa: F401 # error
