"""Where objectives are found: in the package, in entry points, in files and in modules."""

import sys
from importlib.metadata import EntryPoint

import pytest

from gradcompare import InputError, Objective, UnknownNameError, get_objective, list_objectives
from gradcompare._api import registry

NAMES = list_objectives()

FILE = """
from gradcompare import Objective

def value(w, data):
    return w.sum()

def make(rng, size):
    return rng.standard_normal(size), None

ONE = Objective("one", value, make)
TWO = Objective("two", value, make)
PAIR = [ONE, TWO]
OBJECTIVES = (ONE,)
OTHER = 3
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "mine_for_registry.py"
    path.write_text(FILE)
    monkeypatch.syspath_prepend(tmp_path)
    yield str(path)
    sys.modules.pop("mine_for_registry", None)


PLACES = {
    "file": ("{file}", ["one"]),
    "file:objective": ("{file}:TWO", ["two"]),
    "file:name of an objective": ("{file}:one", ["one"]),
    "file:list": ("{file}:PAIR", ["one", "two"]),
    "module": ("mine_for_registry:OBJECTIVES", ["one"]),
    "module:objective": ("mine_for_registry:TWO", ["two"]),
    "registered": ("ridge", ["ridge"]),
}


@pytest.mark.parametrize("place", PLACES)
def test_places(file, place):
    name, expected = PLACES[place]
    assert [o.name for o in registry.find_objectives(name.format(file=file))] == expected


def test_one_of_several_has_to_be_named(file):
    with pytest.raises(InputError, match=r"holds one, two; name one of them, as in .*:one"):
        get_objective(f"{file}:PAIR")


def test_a_wrong_name_in_a_file_is_answered_with_the_right_ones(file):
    with pytest.raises(UnknownNameError, match=r"unknown name in .*'TWP'; did you mean TWO"):
        get_objective(f"{file}:TWP")
    with pytest.raises(UnknownNameError, match="'zzz'; known: OBJECTIVES, ONE, PAIR, TWO"):
        get_objective(f"{file}:zzz")
    with pytest.raises(InputError, match="OTHER holds no objectives"):
        get_objective(f"{file}:OTHER")


def test_names_are_unique_and_each_gives_its_objective():
    assert len(set(NAMES)) == len(NAMES) > 0
    for name in NAMES:
        objective = get_objective(name)
        assert isinstance(objective, Objective)
        assert objective.name == name


def entry_points_giving(*places):
    group = registry.ENTRY_POINT
    entries = [EntryPoint(f"entry-{i}", place, group) for i, place in enumerate(places)]
    return lambda group: entries if group == registry.ENTRY_POINT else []


def discovered():
    """What `registered_objectives` finds when it looks again."""
    return registry.registered_objectives.__wrapped__()


def test_entry_points_are_read(file, monkeypatch):
    places = ("mine_for_registry", "mine_for_registry:TWO")
    monkeypatch.setattr(registry, "entry_points", entry_points_giving(*places))
    assert list(discovered()) == [*NAMES, "one", "two"]


def test_entry_point_without_objectives(file, monkeypatch):
    monkeypatch.setattr(registry, "entry_points", entry_points_giving("mine_for_registry:OTHER"))
    with pytest.raises(InputError, match=r"entry point 'entry-0' \(.*OTHER\) holds no objectives"):
        discovered()


def test_entry_point_that_takes_a_registered_name(file, monkeypatch, tmp_path):
    (tmp_path / "mine_for_registry.py").write_text(FILE.replace('"two"', '"ridge"'))
    monkeypatch.setattr(registry, "entry_points", entry_points_giving("mine_for_registry:TWO"))
    with pytest.raises(InputError, match=r"two objectives are called 'ridge' \(.*ridge and mine"):
        discovered()


def test_a_broken_entry_point_is_named(file, monkeypatch):
    """A package that does not import must not take the command line down with a traceback."""
    monkeypatch.setattr(registry, "entry_points", entry_points_giving("no_such_module_at_all"))
    with pytest.raises(InputError, match=r"entry point 'entry-0'.* cannot be imported"):
        discovered()
