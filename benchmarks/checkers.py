"""Asks other tools whether a gradient is right, each with its default settings.

The tools are `torch.autograd.gradcheck` in its slow and its fast mode, `jax.test_util.check_grads`
(order 1, reverse, the only mode of a rule written by hand), `chex.assert_numerical_grads` (the
same, with an absolute tolerance of 0.01 for each coordinate), and `scipy.optimize.check_grad`,
which returns a norm and no verdict: a gradient passes if the norm is at most 1e-6, the rule that
SciPy states for `check_derivative`. All get the values of the same float64 function of JAX.
"""

from collections.abc import Callable, Iterable
from importlib import import_module, metadata

import jax
import numpy as np
from jax.test_util import check_grads

from gradcompare._foundation.precision import FLOAT64, cast, precision_scope
from gradcompare._model.problem import Problem

CHECKERS = ("torch", "torch (fast)", "jax", "chex", "scipy")
SCIPY_LIMIT = 1e-6


def package(tool: str) -> str:
    """Returns the package of a tool."""
    return tool.split()[0]


def versions(tools) -> dict[str, str]:
    """Returns the installed packages of the tools, with their versions."""
    names = {package(tool) for tool in tools}
    return {d.name: d.version for d in metadata.distributions() if d.name in names}


def accepts(
    tool: str, value: Callable, traced: Callable, x: np.ndarray, wrong: np.ndarray
) -> bool:
    """Returns whether a tool accepts `wrong` as the gradient at x; some tools raise if not.

    Args:
        tool: The name of the tool.
        value: The objective: a float for a NumPy vector.
        traced: The objective in operations of JAX.
        x: The point.
        wrong: The gradient there.
    """
    if package(tool) == "torch":
        torch = import_module("torch")
        torch.set_num_threads(1)  # its threads and those of JAX would compete
        point, slope = torch.tensor(x, requires_grad=True), torch.from_numpy(wrong)
        return torch.autograd.gradcheck(
            lambda x: value(x.detach().numpy()) + slope @ (x - x.detach()),
            point,
            fast_mode="fast" in tool,
        )
    if tool == "scipy":
        check_grad = import_module("scipy.optimize").check_grad
        return bool(check_grad(value, lambda x: wrong, x) <= SCIPY_LIMIT)
    hand = jax.custom_vjp(traced)
    hand.defvjp(lambda x: (traced(x), None), lambda _, seed: (seed * wrong,))
    if tool == "chex":
        import_module("chex").assert_numerical_grads(hand, (x,), order=1, modes=["rev"])
    else:
        check_grads(hand, (x,), order=1, modes=["rev"])
    return True


def passes(tool: str, *problem) -> bool:
    """Returns whether a tool accepts; an exception counts as a no."""
    try:
        return bool(accepts(tool, *problem))
    except Exception:
        return False


class Peers:
    """The other tools at one point of a function."""

    def __init__(self, value: Callable, problem: Problem, tools: Iterable[str]) -> None:
        def flat(x, data):
            return value(problem.layout.unflatten(x), data)

        self.tools, self.x = tuple(tools), problem.layout.flatten(problem.params)
        compiled, data = jax.jit(flat), cast(problem.data, FLOAT64)
        self.traced = lambda x: compiled(x, data)
        self.value = lambda x: float(compiled(x, data))

    def passed(self, wrong: np.ndarray) -> dict[str, bool]:
        """Returns, for each tool, whether it accepts a gradient."""
        with precision_scope(FLOAT64):
            problem = (self.value, self.traced, self.x, np.asarray(wrong))
            return {tool: passes(tool, *problem) for tool in self.tools}
