"""Modules loaded without registration: those of a package, and files of the user."""

import functools
import importlib
import importlib.metadata
import importlib.util
import pkgutil
import sys
from importlib.abc import Loader
from pathlib import Path
from types import ModuleType

from .errors import InputError
from .user_code import describe
from .user_code import place as where_raised


@functools.cache
def installed_version(package: str) -> str:
    """Returns the version of a package; `not installed` if it comes from a folder."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def public_modules(package: ModuleType) -> list[ModuleType]:
    """Returns the modules of a package whose names do not begin with an underscore."""
    names = [info.name for info in pkgutil.iter_modules(package.__path__)]
    public = sorted(name for name in names if not name.startswith("_"))
    return [importlib.import_module(f"{package.__name__}.{name}") for name in public]


def load_module(place: str) -> ModuleType:
    """Imports `package.module`, or executes `path/to/file.py`.

    Raises:
        InputError: if the module does not exist, or raises an error.
    """
    try:
        if not place.endswith(".py"):
            return importlib.import_module(place)
        path = Path(place)
        if not path.is_file():
            raise InputError(f"there is no file {place}; give the path of a Python file")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        _execute(module, spec.loader)
        return module
    except InputError:
        raise
    except SystemExit as error:
        raise InputError(
            f"{place} ended the process (sys.exit) at {where_raised(error)}; let it do so only "
            "under `if __name__ == '__main__':`"
        ) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise InputError(f"{place} cannot be imported: {describe(error)}") from error


def _execute(module: ModuleType, loader: Loader) -> None:
    """Executes a file, registered in `sys.modules` meanwhile: dataclasses look there."""
    name = module.__name__
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    finally:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
