"""Copies of a user's functions in which `numpy` and `scipy` mean their substitutes.

A copy has the code of the function and other globals, another closure and other defaults. What
these hold is copied likewise: helpers, classes, objects, lists. Nothing of the user's is changed,
and what a copy writes to is not the user's.
"""

import builtins
import copy as copying
import functools
import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..._foundation.errors import outcome_of
from ..._foundation.frames import globals_in
from ..._foundation.user_code import is_ours, is_users, library_of
from .arrays import HostArray, NoTwinError, type_like
from .substitutes import RANDOM, by_identity, of_module, result_of

MOST_COPIES = 1000
"""Largest number of functions, objects and lists that are copied for one function."""

_OF_EACH_CLASS = ("__dict__", "__weakref__")

_MEMBERS = (FunctionType, property, classmethod, staticmethod, functools.cached_property)


def rerun(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a copy of a function that takes traced arrays where the function takes NumPy's.

    Raises:
        NoTwinError: if it reaches too much code.
    """
    built_in = {**vars(builtins), "float": type_like(float)}
    return Rebinding(by_identity(), built_in).of(function)


class Rebinding:
    """The copies of one function and of all that it reaches, by the identities of the originals.

    Attributes:
        copies: The copies and the substitutes so far.
        spaces: The globals of the copies, by the identities of those of the originals.
        top: The package of the first function of the user.
        builtins: What is built in.
    """

    def __init__(self, substitutes: dict[int, Any], built_in: dict[str, Any]) -> None:
        self.copies, self.builtins = substitutes, built_in
        self.known = len(self.copies)
        self.spaces: dict[int, dict[str, Any]] = {}
        self.top = ""

    def of(self, thing: Any) -> Any:
        """Returns the copy of a thing; the thing itself if it needs none."""
        if id(thing) in self.copies:
            return self.copies[id(thing)]
        if isinstance(thing, (np.ndarray, np.floating, float)):
            return self.number(thing)
        if isinstance(thing, RANDOM):
            return self.keep(thing, result_of("random numbers", copying.deepcopy(thing)))
        if type(thing) in (list, tuple, set, dict):
            return self._container(thing)
        if isinstance(thing, (functools.partial, MethodType)):
            return self._bound(thing)
        if isinstance(thing, FunctionType):
            return self._function(thing) if self.is_copied(thing) else thing
        if isinstance(thing, functools._lru_cache_wrapper):
            return self.of(thing.__wrapped__)
        if isinstance(thing, ModuleType):
            return self.library(thing) or self._module(thing)
        if isinstance(thing, type):
            return self._class(thing)
        return self._object(thing)

    def number(self, thing: np.ndarray | np.floating | float) -> Any:
        """Returns the copy of a number or of an array."""
        return HostArray.locked(thing) if isinstance(thing, np.ndarray) else thing

    def library(self, module: ModuleType) -> Any:
        """Returns what stands for a module of a library; None for any other module."""
        return of_module(module)

    def code(self, code: CodeType) -> CodeType:
        """Returns the code of the copy of a function."""
        return code

    def is_copied(self, function: FunctionType) -> bool:
        """Whether a function has a copy."""
        return self.is_near(function)

    def keep(self, thing: Any, copy: Any) -> Any:
        self.copies[id(thing)] = copy
        if len(self.copies) - self.known > MOST_COPIES:
            raise NoTwinError(f"it reaches more than {MOST_COPIES} functions and objects")
        return copy

    def is_near(self, function: FunctionType) -> bool:
        """Whether a function is the user's own, and not that of another installed package."""
        file, name = function.__code__.co_filename, function.__globals__.get("__name__", "")
        if not is_users(file):
            return False
        self.top = self.top or name.partition(".")[0]
        return name.partition(".")[0] == self.top or not library_of(file)

    def _container(self, thing: Any) -> Any:
        if isinstance(thing, tuple):  # tuples contain themselves only through a list
            return tuple(map(self.of, thing))
        copy = self.keep(thing, type(thing)())
        if isinstance(thing, dict):
            copy.update((key, self.of(value)) for key, value in thing.items())
        elif isinstance(thing, list):
            copy.extend(map(self.of, thing))
        else:
            copy.update(thing)
        return copy

    def _bound(self, thing: functools.partial | MethodType) -> Any:
        if isinstance(thing, MethodType):
            return MethodType(self.of(thing.__func__), self.of(thing.__self__))
        keywords = {name: self.of(value) for name, value in thing.keywords.items()}
        return functools.partial(self.of(thing.func), *map(self.of, thing.args), **keywords)

    def _function(self, function: FunctionType) -> FunctionType:
        code, closure = self.code(function.__code__), function.__closure__ or ()
        names, space = [], function.__globals__
        if self.is_near(function):
            names = [name for name in globals_in(code) if name in function.__globals__]
            named = {
                "__builtins__": self.builtins,
                "__name__": function.__globals__.get("__name__", ""),
            }
            space = self.spaces.setdefault(id(function.__globals__), named)
        cells = tuple(self.copies.get(id(cell)) or self.keep(cell, CellType()) for cell in closure)
        copy = FunctionType(code, space, function.__name__, None, cells)
        self.keep(function, copy)
        for name in names:
            if name not in space:
                space[name] = None  # a function that calls itself gets here again
                space[name] = self.of(function.__globals__[name])
        for cell, mine in zip(closure, cells, strict=True):
            self._fill(cell, mine)
        copy.__defaults__ = self.of(function.__defaults__)
        copy.__kwdefaults__ = self.of(function.__kwdefaults__)
        return copy

    def _fill(self, cell: CellType, mine: CellType) -> None:
        content = outcome_of(lambda: cell.cell_contents)
        filled = outcome_of(lambda: mine.cell_contents)
        if isinstance(content, ValueError) or not isinstance(filled, ValueError):
            return  # not assigned yet, or copied already
        mine.cell_contents = None
        mine.cell_contents = self.of(content)

    def _module(self, module: ModuleType) -> Any:
        """Returns what stands for a module, in which functions are copied when they are used."""
        return self.keep(module, UserModule(module, self.of)) if self._holds(module) else module

    def _holds(self, module: ModuleType) -> bool:
        functions = [m for m in vars(module).values() if isinstance(m, FunctionType)]
        return any(f.__globals__ is vars(module) and self.is_near(f) for f in functions)

    def _class(self, thing: type) -> type:
        """Returns a class like the user's, with copies of its methods and of its bases."""
        bases, inside = tuple(map(self.of, thing.__bases__)), dict(vars(thing))
        if bases == thing.__bases__ and not self._has_own_methods(thing):
            return thing
        if "__slots__" in inside or hasattr(thing, "__del__") or _sees_subclasses(thing):
            return thing
        inside = {name: each for name, each in inside.items() if name not in _OF_EACH_CLASS}
        copy = outcome_of(lambda: type(thing)(thing.__name__, bases, inside))
        if not isinstance(copy, type):
            return thing
        self.keep(thing, copy)
        for name, member in inside.items():
            if isinstance(member, _MEMBERS):
                type.__setattr__(copy, name, self._member(name, member))
        return copy

    def _has_own_methods(self, base: type) -> bool:
        return any(isinstance(m, FunctionType) and self.is_near(m) for m in vars(base).values())

    def _member(self, name: str, member: Any) -> Any:
        if isinstance(member, FunctionType):
            return self.of(member)
        if isinstance(member, property):
            return property(*map(self.of, (member.fget, member.fset, member.fdel)))
        if isinstance(member, functools.cached_property):
            copy = functools.cached_property(self.of(member.func))
            copy.__set_name__(type(None), name)
            return copy
        return type(member)(self.of(member.__func__))

    def _object(self, thing: Any) -> Any:
        """Returns an object like one of the user's, or of ours that holds a user's function."""
        kind = type(thing)
        if is_dataclass(thing) and not isinstance(thing, type) and is_ours(inspect.getfile(kind)):
            inner = {f.name: getattr(thing, f.name) for f in fields(thing) if f.init}
            inner = {name: self.of(value) for name, value in inner.items() if callable(value)}
            return replace(thing, **inner)
        copied = self.of(kind) if hasattr(thing, "__dict__") else kind
        if copied is kind:
            return thing
        copy = self.keep(thing, object.__new__(copied))
        vars(copy).update((name, self.of(value)) for name, value in vars(thing).items())
        return copy


def _sees_subclasses(thing: type) -> bool:
    """Whether the making of a subclass runs code of the user's."""
    return getattr(thing.__init_subclass__, "__func__", None) is not getattr(
        object.__init_subclass__, "__func__", None
    )


class UserModule:
    """A module whose members are copied when they are asked for."""

    def __init__(self, module: ModuleType, of: Callable[[Any], Any]) -> None:
        self._module, self._of = module, of

    def __getattr__(self, name: str) -> Any:
        return self._of(getattr(self._module, name))
