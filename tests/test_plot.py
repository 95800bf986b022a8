"""Pictures: what is drawn is what was found, read back from the axes.

`python tests/test_plot.py` draws the pictures of docs/pictures.md anew.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

import gradcompare

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from gradcompare import plot  # noqa: E402
from gradcompare.methods._extrapolation.ladder import derivatives_along  # noqa: E402
from gradcompare.methods._extrapolation.lines import Lines  # noqa: E402

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "pictures.md"
LARGEST = 60_000


@pytest.fixture(autouse=True)
def no_figure_stays():
    plt.close("all")  # those of the file that ran before in this process
    yield
    plt.close("all")


def cubes(x):
    return jnp.sum(x**3)


def right(x):
    return 3 * x**2


def wrong(x):
    return (3 * x**2).at[1].multiply(1.1)


@pytest.fixture(scope="module")
def failed():
    return gradcompare.check(cubes, wrong, [1.0, 2.0, -1.5], points=1)


def drawn(ax, label):
    """The points and the half widths of the bars of one series."""
    (container,) = [c for c in ax.containers if c.get_label().startswith(label)]
    line, _, (bars,) = container.lines
    widths = [abs(np.diff(s, axis=0)).max() / 2 for s in bars.get_segments()]
    return np.array(line.get_xdata()), np.array(line.get_ydata()), np.array(widths)


def marked(ax, name):
    return [line for line in ax.get_lines() if line.get_gid() == name]


def texts(ax):
    return [text.get_text() for text in ax.texts]


@pytest.mark.sweep
def test_neither_import_nor_check_imports_matplotlib():
    code = (
        "import sys, gradcompare\n"
        "gradcompare.check(lambda x: x @ x, lambda x: 2 * x, [1.0, 2.0], points=1)\n"
        "gradcompare.plot.estimates\n"
        "print('matplotlib' in sys.modules)\n"
        "sys.modules['matplotlib'] = None\n"
        "try: gradcompare.plot.coverage([{'errors': [1], 'bars': [1]}])\n"
        "except gradcompare.GradcompareError as error: print(error)\n"
    )
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    said = "pictures need matplotlib; install gradcompare[plot]"
    assert outcome.stdout.splitlines() == ["False", said], outcome.stderr


def test_estimates_are_drawn_with_their_bars_and_the_wrong_one_is_marked(failed):
    ax = plot.estimates(failed)
    point = failed.results[0].points[0]
    for method, estimate in point.estimates.items():
        x, y, _ = drawn(ax, method)
        assert np.array_equal(x, estimate.value)
        assert np.array_equal(np.round(y), [0, 1, 2])
    (ring,) = marked(ax, "odd one out")
    assert ring.get_xdata() == [point.estimates["analytic"].value[1]]
    assert "off by 10 %" in texts(ax)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["x[0]", "x[1]", "x[2]"]
    assert ax.get_xlabel() == "derivative"
    assert "ANALYTIC_WRONG" in ax.get_title(loc="left")


def test_distances_show_bars_that_values_would_hide(failed):
    agreed = gradcompare.check(cubes, right, [1.0, 2.0, -1.5], points=1)
    ax = plot.estimates(agreed)
    assert ax.get_xlabel() == "derivative − richardson"
    assert ax.get_xscale() == "symlog"
    assert not marked(ax, "odd one out")
    point = agreed.results[0].points[0]
    x, _, widths = drawn(ax, "richardson")
    assert not x.any()
    assert np.allclose(widths, point.estimates["richardson"].error, rtol=1e-9, atol=0)
    assert plot.estimates(failed, distances=True).get_xscale() == "symlog"
    low, high = ax.get_xlim()
    assert low < -widths.max() < widths.max() < high


def test_the_worst_of_very_many_coordinates_are_drawn():
    x = np.linspace(1, 2, 2000)
    slightly = gradcompare.check(
        cubes, lambda x: right(x).at[1234].multiply(1 + 1e-7), x, points=1
    )
    ax = plot.estimates(slightly)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[0] == "x[1234]"
    assert len(names) == 12
    assert ax.get_ylabel() == "the worst 12 of 2 000 coordinates"
    assert len(marked(ax, "odd one out")[0].get_xdata()) == 1


def test_long_names_with_dollar_signs_fit():
    point = {"encoder": [{"attention_projection_kernel_$x_0$": np.ones(2)}], "_b": np.ones(1)}
    result = gradcompare.check(
        lambda p: jnp.sum(p["encoder"][0]["attention_projection_kernel_$x_0$"] ** 2)
        + jnp.sum(p["_b"]),
        None, point, points=1,
    )  # fmt: skip
    ax = plot.estimates(result)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert all(len(name) <= 28 for name in names)
    assert names[-1].endswith("$x_0$[1]")
    ax.figure.savefig("/dev/null", format="png")  # mathtext would raise an error


def test_sizes_near_the_ends_of_floats_are_drawn():
    scales = np.array([1e-290, 1e290, 0.0])
    result = gradcompare.check(
        lambda x: x @ scales, lambda x: scales + 0 * x, [1.0, 2.0, 3.0], points=1
    )
    for distances in (True, False):
        plot.estimates(result, distances=distances).figure.savefig("/dev/null", format="png")


def test_a_derivative_that_is_not_finite_is_named():
    result = gradcompare.check(
        lambda x: jnp.sum(jnp.where(x > 0, jnp.sqrt(x), 0)),
        lambda x: jnp.where(x > 0, 0.5 / jnp.sqrt(x), 0), [1.0, -1.0], points=1,
    )  # fmt: skip
    ax = plot.estimates(result)
    assert "reverse is nan" in texts(ax)
    assert any("not finite" in text.get_text() for text in ax.get_legend().get_texts())


def test_slice_follows_f_with_the_three_tangents():
    ax = plot.slice(cubes, wrong, [1.0, 2.0, -1.5])
    lines = {line.get_label().split(":")[0]: line for line in ax.get_lines()}
    t, change = lines["f"].get_data()
    assert np.allclose(change, (2 + t) ** 3 - 8, atol=1e-12)
    for name, slope in {"analytic (wrong)": 13.2, "reverse": 12, "richardson": 12}.items():
        steps, height = lines[name].get_data()
        assert np.allclose(height, slope * steps, atol=1e-8)
    assert ax.get_xlabel() == "change of x[1] from 2"
    assert ax.get_title(loc="left").endswith("ANALYTIC_WRONG")


def test_slice_shows_both_slopes_at_a_kink_and_stays_inside_of_bounds():
    def kink(x):
        return jnp.sum(jnp.abs(x)) + x[0]

    ax = plot.slice(kink, None, [1.0, 0.0], coordinate="x[1]", bounds=(-0.25, np.inf))
    lines = {line.get_label().split(":")[0]: line for line in ax.get_lines()}
    t, height = lines["richardson"].get_data()
    assert np.allclose(height, np.abs(t), atol=1e-8)
    assert "-1 | 1" in lines["richardson"].get_label()
    assert t.min() >= -0.25
    assert t.max() == 0.5
    with pytest.raises(gradcompare.InputError, match="unknown coordinate 'x\\[7\\]'"):
        plot.slice(kink, None, [1.0, 0.0], coordinate="x[7]")


def test_taylor_draws_right_and_wrong_beside_each_other():
    x0 = [1.0, 2.0, -1.5]
    ax = plot.taylor(cubes, {"_by hand": wrong, "autodiff": None}, x0, seed=3)
    for label, gradient in ((" _by hand", wrong), ("autodiff", None)):
        expected = gradcompare.remainder(cubes, gradient, x0, seed=3)
        steps, ratios, _ = drawn(ax, label)
        seen = expected.remainders > 0
        assert np.array_equal(steps, expected.steps[seen])
        assert np.array_equal(ratios, expected.remainders[seen])
    limit, fit = (line for line in ax.get_lines() if line.get_gid() == "fit")
    defect = gradcompare.remainder(cubes, wrong, x0, seed=3).defect
    assert np.allclose(limit.get_ydata(), abs(defect))
    slope = np.diff(np.log(fit.get_ydata())) / np.diff(np.log(fit.get_xdata()))
    assert slope == pytest.approx(1, abs=0.05)
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert words[0].startswith(" _by hand: tends to")
    assert re.match(r"autodiff: falls like ‖v‖\^\((0\.99|1\.00)\d* ± 0\.0\d+\)$", words[1])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_v_curve_shows_what_the_judge_did():
    def beside(x):
        return jnp.sum(jnp.sin(x) + jnp.abs(x - 1.001))

    ax = plot.v_curve(beside, [1.0, 2.0], coordinate=0)
    estimate = gradcompare.estimate(beside, [1.0, 2.0])
    (bar,) = [line for line in ax.get_lines() if "error bar" in line.get_label()]
    assert bar.get_ydata()[0] == estimate.error[0]
    windows, breaks = marked(ax, "window"), marked(ax, "break")
    shaded = [patch for patch in ax.patches if "behind" in patch.get_label()]
    assert len(shaded) == 1
    ends = shaded[0].get_bbox().intervalx
    assert max(ends) == pytest.approx(float(estimate.step[0]), rel=1e-6)
    assert 0 < len(breaks) < len(windows)
    # The kink is in every window that has a cross, and in none without steps beyond it.
    assert all(max(line.get_xdata()) > 0.001 for line in windows[: len(breaks)])
    assert max(ends) < 0.001


def test_v_curve_has_both_branches_where_f_is_smooth():
    ax = plot.v_curve(lambda x: jnp.sum(jnp.exp(jnp.sin(3 * x))), [1.0, 2.0])
    labels = {line.get_label().split(":")[0] for line in ax.get_lines()}
    assert {"rounding", "truncation", "central difference"} <= labels
    assert not marked(ax, "break")
    sided = plot.v_curve(lambda x: x**3 + x, 0.5, bounds=(0.5, np.inf))
    labels = {line.get_label() for line in sided.get_lines()}
    assert {"one-sided difference", "truncation: falls like h"} <= labels
    assert "jumps" in plot.v_curve(lambda x: jnp.floor(x) + x, 1.0).get_title(loc="left")


def test_the_record_of_the_ladder_changes_nothing():
    one = np.ones(2)

    def sample(lines, steps):
        return np.abs(lines + 1.001 - (1 + steps)) + np.sin(1 + steps)

    start = sample(np.arange(2), np.zeros(2))
    lines = Lines(sample, one, one, np.inf * one, np.inf * one, start, 1e-16 * one)
    record = []
    with np.errstate(all="ignore"):
        again, plain = derivatives_along(lines, record), derivatives_along(lines)
    assert all(np.array_equal(getattr(again, n), getattr(plain, n)) for n in ("value", "error"))
    assert len(record) > 1
    assert record[0].lines.tolist() == [0, 1]
    assert [bool(b) for b in record[0].broken] == [True, False]


RECORD = {"objective": "ridge", "method": "central", "dtype": "float64", "device": "cpu"}


def measured(d, seconds, **changes):
    times = {"d": d, "seconds": seconds, "low": 0.9 * seconds, "high": 1.3 * seconds}
    return RECORD | times | {"status": "ok", "peak_bytes": 8 * d} | changes


def test_scaling_draws_each_method_with_intervals_and_marks_what_was_stopped():
    skipped = RECORD | {"d": 1000, "status": "skipped", "seconds": None}
    records = [measured(100, 4e-3), measured(10, 1e-4), skipped]
    records += [measured(d, 1e-6 * d, method="reverse") for d in (10, 100, 1000)]
    ax = plot.scaling(records)
    central, reverse = ax.containers
    assert central.get_label() == "central (stopped)"
    assert reverse.get_label() == "reverse"
    assert central.lines[0].get_xdata().tolist() == [10, 100]
    assert central.lines[2][0].get_segments()[0][:, 1] == pytest.approx([9e-5, 1.3e-4])
    (cross,) = marked(ax, "stopped")
    assert cross.get_xdata().tolist() == [100]
    memory = plot.scaling(records, y="peak_bytes")
    assert memory.containers[1].lines[0].get_ydata().tolist() == [80, 800, 8000]
    assert memory.get_ylabel() == "memory (bytes)"
    two = plot.scaling([*records, measured(10, 1e-3, objective="lasso")])
    assert two.containers[-1].get_label() == "central, lasso"
    with pytest.raises(gradcompare.InputError, match="no record has error"):
        plot.scaling(records, y="error")


def test_timing_draws_bars_from_the_time_of_a_value():
    times = {
        "value": gradcompare.Timing(1e-4, 0.9e-4, 1.1e-4, 9, dispatch_seconds=5e-6),
        "analytic": gradcompare.Timing(4e-4, 3e-4, 6e-4, 9, dispatch_seconds=5e-6),
        "reverse": gradcompare.Timing(1.2e-5, 1e-5, 2e-5, 9, dispatch_seconds=5e-6),
    }
    result = gradcompare.Result("f", None, "gradient", d=3, timings=times)
    ax = plot.timing(gradcompare.Comparison((result,)))
    analytic, reverse = ax.patches
    assert (analytic.get_x(), analytic.get_width()) == pytest.approx((1e-4, 3e-4))
    assert analytic.get_hatch() is None
    assert reverse.get_hatch()
    assert texts(ax) == ["400 µs, ×4.0", "12 µs, mostly the call"]
    spread = next(c for c in ax.containers if hasattr(c, "lines")).lines[2][0].get_segments()[0]
    assert spread[:, 0] == pytest.approx([3e-4, 6e-4])
    with pytest.raises(gradcompare.InputError, match="timing=True"):
        plot.timing(gradcompare.Result("f", None, "gradient"))


def test_descent_draws_each_run_and_where_it_parts():
    found = gradcompare.descend(
        lambda x: 2 * x @ x, lambda x: 4 * x + jnp.array([3.0, 0]), [1.0, 2]
    )
    ax = plot.descent(found)
    lowest = min(run.values.min() for run in found.runs)
    curves = [line for line in ax.get_lines() if line.get_gid() != "parts"]
    for line, run in zip(curves, found.runs, strict=True):
        assert np.array_equal(line.get_ydata(), run.values - lowest)
    parting = [run for run in found.runs if run.parts_at is not None]
    assert len(marked(ax, "parts")) == len(parting) > 0
    assert ax.get_title(loc="left").endswith("not as low as with others")


def test_coverage_marks_errors_beyond_their_bars():
    ax = plot.coverage([{"errors": [0, 1e-9, 3e-7], "bars": [1e-12, 1e-8, 1e-7]}])
    lines = {line.get_label(): line for line in ax.get_lines()}
    beyond = lines["1 larger than the bar"]
    assert beyond.get_data()[0].tolist() == [1e-7]
    assert beyond.get_data()[1].tolist() == [3e-7]
    assert lines["1 errors of 0"].get_xdata().tolist() == [1e-12]
    assert ax.get_title(loc="left") == "2 of 3 errors within their bars (66.67 %)"


@pytest.mark.parametrize("name", ["estimates", "slice", "taylor", "v_curve"])
def test_axes_that_are_given_are_drawn_into_and_returned(name, failed):
    calls = {
        "estimates": lambda ax: plot.estimates(failed, ax=ax),
        "slice": lambda ax: plot.slice(cubes, wrong, [1.0, 2.0, -1.5], ax=ax),
        "taylor": lambda ax: plot.taylor(cubes, wrong, [1.0, 2.0, -1.5], ax=ax),
        "v_curve": lambda ax: plot.v_curve(cubes, [1.0, 2.0, -1.5], ax=ax),
    }
    mine, other = Figure(layout="constrained").subplots(1, 2)
    assert calls[name](mine) is mine
    assert mine.get_xlabel()
    assert not other.get_xlabel()
    assert not plt.get_fignums()
    own = calls[name](None)
    assert own.figure is not mine.figure
    assert plt.get_fignums()


def run_the_page(folder: Path) -> list[str]:
    """Runs the examples of docs/pictures.md in a folder; returns the names of its pictures."""
    page, here = PAGE.read_text(encoding="utf-8"), os.getcwd()
    names: dict = {}
    os.chdir(folder)
    try:
        for block in re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE):
            exec(compile(block, str(PAGE), "exec"), names)
    finally:
        os.chdir(here)
    return re.findall(r"^!\[.+\]\(images/(\w+\.png)\)$", page, re.MULTILINE)


@pytest.mark.sweep
def test_the_page_draws_its_pictures(tmp_path):
    pictures = run_the_page(tmp_path)
    assert len(pictures) == 9
    for picture in pictures:
        assert (tmp_path / picture).stat().st_size > 5000
        assert 5000 < (DOCS / "images" / picture).stat().st_size < LARGEST


def test_the_first_screen_of_the_readme_has_a_picture():
    screen = (DOCS.parent / "README.md").read_text(encoding="utf-8").splitlines()[:25]
    assert any(re.match(r"!\[.{20,}\]\(docs/images/failed\.png\)", line) for line in screen)


if __name__ == "__main__":
    run_the_page(DOCS / "images")
