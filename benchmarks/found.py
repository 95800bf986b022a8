"""Writes docs/found.md from the file of a scan.

python benchmarks/found.py scan.jsonl > docs/found.md
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from gradcompare._api.scan.result import MEANING, Entry, Fault
from gradcompare._api.scan.running.journal import read_entries

HEAD = """# What a scan found

This page is written by `python benchmarks/found.py FILE`, from the file of `gradcompare scan`. It
lists derivatives by reverse mode, in float64 on the CPU, that are not those of the function.
Each true derivative below was computed by mpmath with 110 digits or more, from the values of the
function on both sides of the point: by mpmath's own function of that name (`mpmath`), or by the
function's own program, run with as many digits (`program`). The reproducers need JAX alone.

A row is one function, argument and kind of fault, at one of its points; `(+3)` says at how many
other points it was seen. The kinds:

{kinds}

"""


def page(lines: list[tuple[dict, Entry]]) -> str:
    """Returns the page."""
    kinds = "\n".join(f"- **{kind}**: {meaning}." for kind, meaning in MEANING.items())
    return "\n".join([HEAD.format(kinds=kinds), *_packages(lines)])


def _packages(lines: list[tuple[dict, Entry]]) -> Iterator[str]:
    packages = dict.fromkeys(body["package"] for body, _ in lines)
    for package in packages:
        entries = [entry for body, entry in lines if body["package"] == package]
        faults = [f for e in entries for f in e.faults if f.source != "the judge"]
        examined = [entry for entry in entries if not entry.reason]
        functions = len({fault.function for fault in faults})
        points = sum(entry.points for entry in examined)
        modules = Counter(entry.function.rpartition(".")[0] for entry in entries)
        counts = ", ".join(f"{name} ({count})" for name, count in modules.items())
        yield (
            f"{len(examined)} functions examined at {points} points, {functions} of them with "
            f"faults; {len(entries) - len(examined)} could not be examined. "
            f"The file has functions of {counts}, and no others.\n"
        )
        hung = [(e.function, note) for e in entries for note in e.notes if "no answer" in note]
        yield from (f"- `{function}`: {note}." for function, note in hung)
        yield from (_section(fault) for kind in MEANING for fault in faults if fault.kind == kind)


def _section(fault: Fault) -> str:
    source = "mpmath" if fault.source == "mpmath" else "program"
    further = f" (+{fault.more})" if fault.more else ""
    cause = f"\n{fault.cause[:1].upper()}{fault.cause[1:]}.\n" if fault.cause else ""
    return f"""
### {fault.function}, by `{fault.argument}`: {fault.kind}

At `{fault.point}`{further}: autodiff {fault.autodiff:.8g}, truth {fault.truth:.16g} ({source}),
error {fault.absolute:.2g} absolute, {fault.relative:.2g} relative.
{cause}
```python
{fault.reproducer}
```"""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    print(page(list(read_entries(parser.parse_args().file))))
