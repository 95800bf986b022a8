"""For test suites: a wrong gradient fails the test, with a message that says where.

from gradcompare.testing import assert_gradient

def test_gradient():
    assert_gradient(value, gradient, x0, *args)
"""

from .derivatives import (
    assert_gradient,
    assert_hessian,
    assert_hvp,
    assert_jacobian,
    assert_jvp,
    assert_objective,
    assert_rule,
    assert_vjp,
)
from .mismatch import GradientMismatch

__all__ = [
    "GradientMismatch",
    "assert_gradient",
    "assert_hessian",
    "assert_hvp",
    "assert_jacobian",
    "assert_jvp",
    "assert_objective",
    "assert_rule",
    "assert_vjp",
]
