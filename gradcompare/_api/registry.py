"""The registry of objectives: in the package, in entry points and in files of users.

No import registers anything. The modules of `gradcompare.objectives` and
`gradcompare.methods` end with an exported tuple, and so do the modules that other packages
name under the entry point `gradcompare.objectives`. The first call reads them.
"""

import functools
from collections.abc import Iterable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from .. import objectives
from .._foundation.errors import InputError, UnknownNameError
from .._foundation.plugins import load_module, public_modules
from .._foundation.user_code import describe
from .._model.objective import Objective

ENTRY_POINT = "gradcompare.objectives"


@functools.cache
def registered_objectives() -> dict[str, Objective]:
    """Returns every registered objective by its name, in the order of their modules.

    Raises:
        InputError: if two objectives have the same name.
    """
    exported = [o for module in shipped_modules() for o in module.OBJECTIVES]
    for entry in entry_points(group=ENTRY_POINT):
        where = f"entry point {entry.name!r} ({entry.value})"
        try:
            value = entry.load()
        except Exception as error:
            raise InputError(f"{where} cannot be imported: {describe(error)}") from error
        exported += _exported(value, where)
    return _by_name(exported)


@functools.cache
def shipped_modules() -> tuple[ModuleType, ...]:
    """Returns the modules of `gradcompare.objectives`; their docstrings are the mathematics."""
    return tuple(public_modules(objectives))


def find_objectives(name: str) -> tuple[Objective, ...]:
    """Returns the objectives that `name` stands for.

    Args:
        name: A registered name; or `path/to/file.py` or `package.module`, followed by
            `:NAME` for one variable of it (an objective or a sequence of objectives), or for
            one of its `OBJECTIVES`.

    Raises:
        UnknownNameError: if there is no such name.
        InputError: if the file or module cannot be used.
    """
    place, _, attribute = name.rpartition(":") if ":" in name else (name, "", "")
    if not place.endswith(".py") and ":" not in name:
        registered = registered_objectives()
        if name not in registered:
            raise UnknownNameError("objective", name, registered)
        return (registered[name],)
    module = load_module(place)
    return _exported(_attribute(module, place, attribute) if attribute else module, name)


def absolute(name: str) -> str:
    """Returns a name for `find_objectives` that means the same in another folder."""
    place, colon, attribute = name.rpartition(":") if ":" in name else (name, "", "")
    return f"{Path(place).resolve()}{colon}{attribute}" if place.endswith(".py") else name


def find_variables(names: Iterable[str]) -> list[Any]:
    """Returns the variables that `path/to/file.py:NAME` or `package.module:NAME` name.

    A file that is named several times is executed once, so that its classes are the same.

    Raises:
        UnknownNameError: if a file has no such variable.
        InputError: if a file or module cannot be used, or a name has no colon.
    """
    modules: dict[str, ModuleType] = {}
    variables = []
    for name in names:
        place, _, attribute = name.rpartition(":")
        if not place or not attribute:
            raise InputError(
                f"{name} names no variable; give path/to/file.py:NAME or package.module:NAME"
            )
        if place not in modules:
            modules[place] = load_module(place)
        variables.append(_attribute(modules[place], place, attribute, exportable=False))
    return variables


def list_objectives() -> list[str]:
    """Returns the names of the registered objectives.

    Examples:
        >>> import gradcompare
        >>> gradcompare.list_objectives()
        ['attention', 'batch-norm', ..., 'xy-model']
    """
    return list(registered_objectives())


def get_objective(name: str) -> Objective:
    """Returns the one objective that `name` stands for; see `find_objectives`.

    Raises:
        InputError: if there is none, or more than one.

    Examples:
        >>> import gradcompare
        >>> print(gradcompare.get_objective("ridge").formula)
        f(w) = ½ ‖Xw − y‖² + (λ/2) ‖w‖².
    """
    first, *others = find_objectives(name)
    if others:
        raise InputError(several(name, (first, *others)))
    return first


def several(target: str, objectives: Sequence[Objective]) -> str:
    """Returns what to say where one objective is wanted, and a target holds several."""
    names = ", ".join(objective.name for objective in objectives)
    file = target.rpartition(":")[0] or target
    return f"{target} holds {names}; name one of them, as in {file}:{objectives[0].name}"


def unique(objectives: Iterable[Objective]) -> tuple[Objective, ...]:
    """Returns the objectives, each once.

    Raises:
        InputError: if two different ones have the same name.
    """
    return tuple(_by_name(objectives).values())


def _by_name(objectives: Iterable[Objective]) -> dict[str, Objective]:
    named: dict[str, Objective] = {}
    for objective in objectives:
        if named.setdefault(objective.name, objective) is not objective:
            raise InputError(
                f"two objectives are called {objective.name!r} "
                f"({named[objective.name].value.__module__} and {objective.value.__module__}); "
                "rename one of them"
            )
    return named


def _is_exportable(value: object) -> bool:
    if isinstance(value, (tuple, list)):
        return bool(value) and all(isinstance(item, Objective) for item in value)
    return isinstance(value, Objective)


def _attribute(module: ModuleType, place: str, name: str, exportable: bool = True) -> Any:
    if hasattr(module, name):
        return getattr(module, name)
    listed = getattr(module, "OBJECTIVES", ())
    inside = {one.name: one for one in listed} if _is_exportable(listed) else {}
    if name not in inside:
        names = [
            key
            for key, value in vars(module).items()
            if (_is_exportable(value) if exportable else not key.startswith("_"))
        ]
        raise UnknownNameError(f"name in {place}", name, [*names, *inside])
    return inside[name]


def _exported(value: object, where: str) -> tuple[Objective, ...]:
    named = not isinstance(value, ModuleType)
    if not named:
        value = getattr(value, "OBJECTIVES", None)
    if isinstance(value, Objective):
        return (value,)
    if isinstance(value, (tuple, list)) and _is_exportable(value):
        return tuple(value)
    if named:
        raise InputError(
            f"{where} holds no objectives, but a value of type {type(value).__name__}; name an "
            "Objective or a sequence of them"
        )
    raise InputError(
        f"{where} holds no objectives; "
        "end it with OBJECTIVES = (Objective(...),), or name one with :NAME"
    )
