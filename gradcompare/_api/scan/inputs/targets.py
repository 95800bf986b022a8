"""The functions that a target names: those of a module, a package or a class, or one function."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from ...._foundation.errors import InputError, outcome_of
from ...._foundation.user_code import describe

Target = str | ModuleType | type | Callable[..., Any]


@dataclass(frozen=True)
class Named:
    """A function with the name by which it can be called.

    Attributes:
        name: The name, such as `jax.scipy.stats.norm.logpdf`.
        function: The function itself.
        module: The module from which it can be imported; empty if that is not known.
    """

    name: str
    function: Callable[..., Any]
    module: str = ""

    @property
    def path(self) -> str:
        """The module and the name inside of it, as `package.module:name`; empty if unknown."""
        inner = self.name.removeprefix(f"{self.module}.")
        return f"{self.module}:{inner}" if self.module else ""


def functions_of(targets: Target | Iterable[Target]) -> list[Named]:
    """Returns the functions of all targets, each once, under the first name that it has.

    Raises:
        InputError: if a target cannot be imported or has no functions.
    """
    if isinstance(targets, (str, ModuleType, type)) or callable(targets):
        targets = [targets]
    found: dict[int, Named] = {}
    for target in targets:
        here = list(_functions(load(target) if isinstance(target, str) else target, target))
        if not here:
            raise InputError(f"{target} has no functions; give a module, a class or a function")
        for each in here:
            found.setdefault(id(inspect.unwrap(each.function)), each)
    return list(found.values())


def load(path: str) -> Any:
    """Returns what a path names: `package.module`, `package.module:name` or `module.name`.

    Raises:
        InputError: if nothing can be imported under it.
    """
    module, _, name = path.partition(":")
    names = [*module.split("."), *filter(None, name.split("."))]
    reason: Any = "it is empty"
    for count in range(len(names), 0, -1):
        place = ".".join(names[:count])
        thing = outcome_of(lambda place=place: importlib.import_module(place))
        if isinstance(thing, Exception):
            reason = describe(thing) if count == len(names) else reason
            continue
        for each in names[count:]:
            if not hasattr(thing, each):
                raise InputError(f"{place} has no {each}")
            thing = getattr(thing, each)
        return thing
    raise InputError(f"{path} cannot be imported: {reason}")


def _functions(thing: Any, target: Target) -> Iterator[Named]:
    if isinstance(thing, ModuleType):
        yield from _of_module(thing, set())
    elif isinstance(thing, type):
        for name in _public(thing):
            member = inspect.getattr_static(thing, name)
            if isinstance(member, (staticmethod, classmethod)) or inspect.isfunction(member):
                full = f"{thing.__module__}.{thing.__qualname__}.{name}"
                yield Named(full, getattr(thing, name), thing.__module__)
    elif callable(thing):
        yield _of_function(thing, target)


def _of_function(function: Callable[..., Any], target: Target) -> Named:
    if isinstance(target, str):
        module = target.partition(":")[0] if ":" in target else target.rpartition(".")[0]
        return Named(target.replace(":", "."), function, module)
    name = getattr(function, "__qualname__", type(function).__name__)
    module = getattr(function, "__module__", "") or ""
    importable = module and "<" not in name and module != "__main__"
    return Named(f"{module}.{name}" if module else name, function, module if importable else "")


def _of_module(module: ModuleType, seen: set[str]) -> Iterator[Named]:
    """Yields the public functions of a module, and of those below it that are its attributes."""
    seen.add(module.__name__)
    if hasattr(module, "__path__"):
        for info in pkgutil.iter_modules(module.__path__):
            if not info.name.startswith("_"):
                outcome_of(lambda n=info.name: importlib.import_module(f"{module.__name__}.{n}"))
    for name in _public(module):
        thing = getattr(module, name)
        if isinstance(thing, ModuleType):
            inside = thing.__name__.startswith(f"{module.__name__}.")
            if inside and thing.__name__ not in seen:
                yield from _of_module(thing, seen)
        elif callable(thing) and not isinstance(thing, type) and _is_of(thing, module):
            yield Named(f"{module.__name__}.{name}", thing, module.__name__)


def _is_of(function: Any, module: ModuleType) -> bool:
    """Whether a function belongs to the package of a module; modules import others' too."""
    home = getattr(inspect.unwrap(function), "__module__", None) or module.__name__
    return home.partition(".")[0] == module.__name__.partition(".")[0]


def _public(thing: Any) -> list[str]:
    names = getattr(thing, "__all__", None) or vars(thing)
    return sorted(name for name in names if not name.startswith("_") and hasattr(thing, name))
