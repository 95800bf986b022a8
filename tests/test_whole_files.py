"""A process that is killed while it writes, and a full disk: no half file under a final name."""

import collections
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import gradcompare
from gradcompare._api.bench.record import read_records
from gradcompare._foundation.storage.whole import write_whole

KINDS = ("json", "html", "junit", "sarif", "csv", "init", "lines")
LINES = "lines"

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the faults happen in children")


@pytest.fixture(name="outcomes", scope="module")
def _outcomes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    result = folder / "result.json"
    comparison = gradcompare.compare(["lecture-polynomial"], points=1, timing=False)
    result.write_text(comparison.to_json(), encoding="utf-8")
    script = Path(__file__).with_name("killed_writers.py")
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", script, result, folder],
        capture_output=True,
        text=True,
        check=True,
    )
    by_kind = collections.defaultdict(list)
    for line in ran.stdout.splitlines():
        outcome = json.loads(line)
        by_kind[outcome["kind"], outcome["fault"]].append(outcome)
    return by_kind


@pytest.mark.parametrize("fault", ["killed", "full"])
def test_a_file_is_the_old_one_or_the_new_one(outcomes, fault):
    for kind in KINDS:
        *faults, last = outcomes[kind, fault]
        assert last["code"] in (0, 1), last
        assert last["state"] == "new"
        assert len(faults) >= (2 if kind == LINES else 3), "a write, the disk, the name"
        for outcome in faults:
            assert outcome["code"] == (9 if fault == "killed" else 2), outcome
            if kind != LINES:
                assert outcome["state"] == "old", outcome


def test_a_full_disk_is_said_and_leaves_nothing(outcomes):
    for kind in KINDS:
        for outcome in outcomes[kind, "full"][:-1]:
            assert not outcome["beside"], outcome
            assert "file.py cannot be written: No space left on device" in outcome["said"]


def test_a_file_of_lines_has_whole_ones(outcomes, tmp_path):
    states = {o["state"] for fault in ("killed", "full") for o in outcomes[LINES, fault][:-1]}
    halves = states - {"old", "new"}
    assert halves
    for text in halves:
        path = tmp_path / "lines.jsonl"
        path.write_text(text)
        assert text.count("\n") == 1
        assert not text.endswith("\n")
        assert len(read_records(path)) == 1


def test_a_link_its_target_and_the_mode_stay(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    write_whole(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "target"]


def test_what_is_no_file_is_written_as_it_is():
    write_whole(Path(os.devnull), "text")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.sweep
def test_half_a_compiled_program_is_thrown_away_with_a_warning(tmp_path):
    def ran():
        command = ["run", "rosenbrock", "--no-timing", "--points", "1"]
        return subprocess.run(
            [sys.executable, "-m", "gradcompare", *command],
            env={**os.environ, "JAX_COMPILATION_CACHE_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )

    before = ran()
    entries = [path for path in tmp_path.iterdir() if path.name.endswith("-cache")]
    assert entries
    for number, path in enumerate(entries):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) * (number % 3) // 3])
    after = ran()
    assert after.stdout == before.stdout
    assert "Error reading persistent compilation cache entry" in after.stderr
