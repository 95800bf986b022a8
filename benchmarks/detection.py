"""Are wrong gradients found, and is it said rightly what is wrong with them?

Every fault of `faults.py`, `faults_elsewhere.py` and `term_faults.py` is planted in every registered
objective, at the points that `check` looks at, the *clean* tier being the right gradients. *Above*:
the fault is larger than ten detection floors, as the check of the right gradient states them, in a
coordinate that it verified; only such can be *missed*. *Named*: every kind of finding given is one
that describes the very numbers (`names.py`). *Line*: of a term dropped, doubled, halved or of the
wrong sign, the file and the line named hold its operand.

What does not depend on the fault is worked out once (`scenes.py`); one in `--whole` faults is put
through a whole check besides, and has to get the same verdict and findings. The dtype is that of
the numbers; all is judged in float64. Other tools get the same wrong gradient at the first point
(`checkers.py`).

    python benchmarks/detection.py [--sizes 2] [--dtype float64] [--jobs 1] [--json FILE] [NAME...]
"""

import json
import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import checkers
import click
import jax
import numpy as np
from detection_tables import misnamed, tables
from faults import Fault, planted
from names import others
from scenes import Scene, make_scene
from term_faults import TRACED, term_faults
from tqdm import tqdm

from gradcompare._precision import FLOAT64, cast, precision_scope
from gradcompare._registry import registered_objectives
from gradcompare._result import Result
from gradcompare._tree import Layout

LARGEST = 1000
"""No more coordinates than that."""

Place = tuple[str, tuple[int, ...]]


@dataclass(frozen=True)
class Case:
    """One fault in one scene, and what became of it.

    Attributes:
        objective: In which objective; also `size`, `dtype`.
        group: The group of faults; `clean` for the right gradient.
        fault: Which one.
        above: Whether it is above ten detection floors.
        verdict: The verdict on it.
        expected: The kinds that name it rightly, the best first.
        found: The kinds of the findings.
        sentence: The first finding, where it is no right one.
        lines: The file and the lines that hold the fault, where one is asked for.
        line: The file and the line named.
        same: Whether a whole check says the same; None where none was made.
        passed: For each other tool, whether it accepts the gradient.
    """

    objective: str
    size: int
    dtype: str
    group: str
    fault: str
    above: bool
    verdict: str
    ok: bool
    expected: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    sentence: str = ""
    lines: Place | None = None
    line: Place | None = None
    same: bool | None = None
    passed: dict[str, bool] | None = None

    @property
    def named(self) -> bool:
        return bool(self.found) and set(self.found) <= set(self.expected)

    @property
    def traced(self) -> bool:
        if self.lines is None or self.line is None:
            return False
        return self.lines[0] == self.line[0] and self.line[1][0] in self.lines[1]


def cases_of(scene: Scene, tools: Iterable[str], whole: int) -> Iterator[Case]:
    """Judges the right gradient of a scene and every fault in it."""
    peers = _Peers(scene, tuple(tools))
    clean = _case(scene, Fault("right", (), lambda row: row.g, "clean"), scene.result, True, peers)
    yield replace(clean, ok=scene.result.ok)
    if not scene.result.verdict.ok:
        return
    every = [(fault, None) for fault in planted(scene)]
    every += [(f, (Path(file).name, tuple(sorted(n)))) for f, file, n in term_faults(scene)]
    made = [(fault, lines, scene.wrong(fault.change)) for fault, lines in every]
    made = [each for each in made if _is_fault(scene, each[2])]
    simple = [(f, _at_points(wrong)) for f, lines, wrong in made if lines is None]
    for number, (fault, lines, wrong) in enumerate(made):
        result = scene.judged(wrong)
        case = _case(scene, fault, result, scene.above_floor(wrong), peers)
        kinds = (*fault.kinds, *others(scene, _at_points(wrong), simple))
        asked = lines is not None and fault.name.split()[0] in TRACED
        case = replace(case, expected=tuple(dict.fromkeys(kinds)), lines=lines if asked else None)
        if whole and (number + scene.d) % whole == 0:
            case = replace(case, same=_alike(result, scene.checked(fault.change)))
        yield replace(case, sentence="") if case.named and (not asked or case.traced) else case


def _at_points(wrong) -> np.ndarray:
    return np.stack([values[0] for values in wrong])


def _is_fault(scene: Scene, wrong) -> bool:
    """Whether the gradient is changed at all, and finite."""
    values = _at_points(wrong)
    return bool(np.all(np.isfinite(values)) and np.any(values != scene.g))


def _case(scene: Scene, fault: Fault, result: Result, above: bool, peers) -> Case:
    said = result.diagnosis
    traced = [f for f in said if f.line]
    return Case(
        scene.objective.name,
        scene.size,
        scene.dtype,
        fault.group,
        fault.name,
        above,
        result.verdict.name,
        result.verdict.ok,
        found=tuple(finding.kind for finding in said),
        sentence=" | ".join(map(str, said)) or str(result.worst.judgement.note),
        line=(Path(traced[0].file).name, (traced[0].line,)) if traced else None,
        passed=peers.passed(fault.change(scene.spots[0][0])),
    )


def _alike(a: Result, b: Result) -> bool:
    """Whether two results have the same verdict, and name the same faults in the same places."""
    told = [[(f.kind, f.coordinates, f.line) for f in r.diagnosis] for r in (a, b)]
    return a.verdict is b.verdict and told[0] == told[1]


class _Peers:
    """The other tools at the first point of a scene."""

    def __init__(self, scene: Scene, tools: tuple[str, ...]) -> None:
        first = scene.problems[0]
        self.tools, self.x = tools, scene.spots[0][0].x

        def value(x, data):
            return scene.objective.value(scene.layout.unflatten(x), data)

        compiled, data = jax.jit(value), cast(first.data, FLOAT64)
        self.traced = lambda x: compiled(x, data)
        self.value = lambda x: float(compiled(x, data))

    def passed(self, wrong: np.ndarray) -> dict[str, bool]:
        with precision_scope(FLOAT64):
            problem = (self.value, self.traced, self.x, np.asarray(wrong))
            return {tool: checkers.passes(tool, *problem) for tool in self.tools}


def work(name: str, size: int, dtype: str, tools: tuple[str, ...], whole: int) -> list[Case]:
    """All cases of one objective, size and dtype; one case that says so where it fails."""
    try:
        scene = make_scene(registered_objectives()[name], size, dtype)
        return list(cases_of(scene, tools, whole))
    except Exception as error:
        said = f"{type(error).__name__}: {error}".partition("\n")[0]
        return [Case(name, size, dtype, "failed", "", False, "ERROR", False, sentence=said)]


def chosen_sizes(name: str, count: int) -> list[int]:
    """The first sizes of an objective that are not too large."""
    objective = registered_objectives()[name]

    def small(size):
        return Layout.of(objective.make(np.random.default_rng(0), size)[0]).size <= LARGEST

    return [size for size in objective.sizes[:count] if small(size)]


def run(tasks: list[tuple], jobs: int) -> list[Case]:
    """Works through the tasks in processes of their own, or in this one."""
    bar = tqdm(total=len(tasks), disable=None)
    found: dict[int, list[Case]] = {}
    if jobs == 1:
        for number, task in enumerate(tasks):
            found[number] = work(*task)
            bar.update()
    else:
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(jobs, mp_context=spawn, max_tasks_per_child=20) as pool:
            waiting = {pool.submit(work, *task): n for n, task in enumerate(tasks)}
            for done in as_completed(waiting):
                found[waiting[done]] = done.result()
                bar.update()
    bar.close()
    return [case for number in sorted(found) for case in found[number]]


@click.command()
@click.argument("names", nargs=-1)
@click.option("--sizes", default=2, show_default=True, help="So many sizes of each objective.")
@click.option("--dtype", "dtypes", multiple=True, default=["float64"], show_default=True)
@click.option("--whole", default=20, show_default=True, help="One in so many checked in full; 0.")
@click.option("--peers/--no-peers", default=True, show_default=True)
@click.option("--jobs", default=1, show_default=True, help="Processes.")
@click.option("--misnamed", "listed", type=click.Path(path_type=Path), help="List them in a file.")
@click.option("--json", "path", type=click.Path(path_type=Path))
def main(names, sizes, dtypes, whole, peers, jobs, listed, path) -> None:
    """Print how many wrong gradients are found and named rightly."""
    chosen = [n for n in registered_objectives() if not names or n in names]
    chosen = [n for n in chosen if registered_objectives()[n].gradient is not None]
    installed = checkers.versions(checkers.CHECKERS)
    tools = tuple(t for t in checkers.CHECKERS if peers and checkers.package(t) in installed)
    tasks = [
        (name, size, dtype, tools, whole)
        for name in chosen
        for size in chosen_sizes(name, sizes)
        for dtype in dtypes
    ]
    cases = run(tasks, jobs)
    print(tables(cases, tools))
    if listed is not None:
        listed.write_text(misnamed(cases), encoding="utf-8")
    if path is not None:
        path.write_text(_json(cases, installed), encoding="utf-8")


def _json(cases: list[Case], versions: dict[str, str]) -> str:
    """One line for each case, its fields in the order of `fields`."""
    rows = [json.dumps(list(asdict(case).values()), ensure_ascii=False) for case in cases]
    head = json.dumps({"versions": versions, "fields": list(Case.__dataclass_fields__)})
    return head[:-1] + ', "cases": [\n' + ",\n".join(rows) + "\n]}\n"


if __name__ == "__main__":
    main()
