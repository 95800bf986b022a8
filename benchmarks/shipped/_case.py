"""What a case of the shipped tier is: a derivative of a real project, right and as it shipped."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

GITHUB = "https://github.com"


@dataclass(frozen=True)
class ShippedCase:
    """One public report of a wrong derivative, or one that was called wrong and is not.

    Attributes:
        name: The short name of the report, as `openturns#1556`; a word behind it tells apart
            what shares a report.
        source: The address of the report.
        fault: What shipped and what it should be, in one line.
        value: `value(params, *args)`, in JAX.
        right: `right(params, *args)`, the gradient derived by hand.
        wrong: The gradient as it shipped; None where it is `value` that carries the fault, in
            a custom rule or an operation that gives NaN, and for what is no fault.
        make: `make(rng)` gives the point and the other arguments at which it shows, in NumPy.
        kinds: The kinds of finding that name it sensibly, the best first. For a control: those
            that may be named where its convention is not declared.
        options: What `gradcompare.check` has to know in any case, such as a domain.
        expected: The name of the verdict: of the wrong gradient, or else of the right one.
        convention: The options that declare what the gradient of a control means.
        reference: The function that was meant, where it is the value that is wrong.
        visible: Whether a checker that is given this value can see the fault at all.
        why: Why it cannot, or what else is special.
        nice: In the same way a point at which the fault cannot be seen, as tests like to use:
            all ones, the identity. A checker should find it nevertheless.
    """

    name: str
    source: str
    fault: str
    value: Callable[..., Any]
    right: Callable[..., Any]
    wrong: Callable[..., Any] | None
    make: Callable[[np.random.Generator], tuple[Any, tuple]]
    kinds: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    expected: str = "ANALYTIC_WRONG"
    convention: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    reference: Callable[..., Any] | None = None
    visible: bool = True
    why: str = ""
    nice: Callable[[np.random.Generator], tuple[Any, tuple]] | None = None

    @property
    def checked(self) -> Callable[..., Any]:
        """The gradient to check: the wrong one, if there is one beside the value."""
        return self.right if self.wrong is None else self.wrong
