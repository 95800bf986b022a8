"""What the tests of the acceptance scenarios share: what is said, and modules made on the spot."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

from click.testing import CliRunner, Result

from gradcompare.cli.main import main


def says(text: object, *patterns: str) -> None:
    """Fails unless each pattern is found in one line of a report: wording may change around it."""
    for pattern in patterns:
        assert re.search(pattern, str(text), re.M), f"{pattern!r} is not said in\n{text}"


def said_nowhere(text: object, *patterns: str) -> None:
    for pattern in patterns:
        assert not re.search(pattern, str(text), re.M), f"{pattern!r} is said in\n{text}"


def relative_error(text: object, pair: str) -> float:
    """The relative error that a report prints for two methods."""
    found = re.search(rf"{pair}: relative error ([^,\s]+)", str(text))
    assert found, str(text)
    return float(found[1])


def module(folder: Path, source: str) -> ModuleType:
    """Writes `source` to model.py in a folder, and imports it."""
    path = folder / "model.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("model", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def line_with(source: str, words: str) -> int:
    """The number of the first line that has these words."""
    return next(n for n, line in enumerate(source.splitlines(), 1) if words in line)


def command(*arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--no-cache"])
