"""The command line: `gradcompare run`, `check`, `list`, `show`, `init`."""

from .main import main

__all__ = ["main"]
