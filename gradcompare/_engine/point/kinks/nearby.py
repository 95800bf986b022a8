"""The slopes of f at points near a kink.

At a kink, Clarke's generalised gradient takes the place of the derivative: the convex hull of
the limits of ∇f(y) for y → x, at the points y at which f has a gradient. Along a direction u it
reaches

    f°(x; u) = limsup (f(y + t u) − f(y)) / t    over y → x, t → 0+,

and g is an element of it if and only if f°(x; u) ≥ ⟨g, u⟩ for every u (Clarke, Optimization and
Nonsmooth Analysis, 1983, sections 2.1 and 2.5).

Here f is differenced at points y around x whose distance is large beside the step t, and small
beside the scale of x. The step follows from the noise of f and from how much f changes, never from
the derivative under test. All lengths are in units of the scales of the coordinates.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int

from ...._evaluation.evaluator import Evaluator
from ...._model.estimate import EPS
from ....methods._extrapolation.noise.measurement import measure_noise
from .units import units

SHARP = 1e-6
"""Error of a slope due to noise, beside the largest slope, that the step aims at."""

BLUNTEST = 1e-2
"""The same error above which the points tell nothing."""

AROUND = 1e3
"""Ratio of the distances of the points to the step: few steps cross a kink."""

FARTHEST = 1e-2
"""Largest distance of the points, beside the scale of x."""

PROBE = 2.0**-20
"""Distance at which it is seen how much f changes."""

PAIRS = 3
"""Number of pairs of opposite points that are looked at first: kinks lie between them."""

CLOSER = 0.25
"""Ratio of the distances at which slopes are compared."""

STEEPER = 1.5
"""Ratio of slopes so much closer to x above which f is steeper than any line, as √|x|."""

ROUGH = 1e-4
"""Least difference of slopes, beside the largest, that makes a kink."""

CLEAR_KINK = 10.0
"""The same, in errors of a slope."""

BLUNT_GAP = 20.0
"""Least ratio of the gap of a kink to the error of slopes that show whether it is at x."""

NARROW_STEP = 100.0
"""Ratio of the distances of the points to the step then."""

LEAST = 0.01
"""Least displacement of a coordinate, beside the distance: no step reaches x."""


class Nearby:
    """The slopes of f at points near x, along some coordinates and some dense directions.

    Attributes:
        axes: The coordinates, at most a dozen.
        dense: Directions that move every coordinate.
        scale: The units of all coordinates.
        samples: The slopes along the axes, one row for each point.
        rises: The slopes along the dense directions, likewise.
        here: The slopes along the axes at x itself, NaN where there are none.
        size: The largest slope.
        error: The error of a slope: noise, and the curvature of f within the distance.
    """

    def __init__(
        self, evaluator: Evaluator, axes: Int[np.ndarray, " k"], dense: Float[np.ndarray, "m d"]
    ) -> None:
        self.evaluator, self.axes, self.dense = evaluator, axes, dense
        self.scale = units(evaluator)
        self.rng = np.random.default_rng(0)
        self.samples = np.empty((0, len(axes)))
        self.rises = np.empty((0, len(dense)))
        self.here = np.full(len(axes), np.nan)
        lower, upper = evaluator.problem.bounds
        self._room_below = (evaluator.x - lower) / self.scale
        self._room_above = (upper - evaluator.x) / self.scale
        self.step, self.distance = 0.0, PROBE
        self.size = self.error = self._off = 0.0
        self._beside = np.zeros(len(axes), bool)

    def prepare(self) -> bool:
        """Chooses the step; returns whether f has digits enough to show slopes."""
        x, f = self.evaluator.x, self.evaluator.value()
        noise = max(measure_noise(self.evaluator).bound, EPS * abs(f))
        ways = [sign * way for way in self._random(PAIRS) for sign in (1, -1)]
        changes = [abs(self._value(way) - self._value(0 * way)) / PROBE for way in ways]
        self.size = max(changes)
        if not np.isfinite(self.size) or self.size <= 0:
            return False
        # The noise of two values, and the rounding of the two points.
        self._off = off = noise / self.size + EPS * np.sqrt(len(x))
        self.distance = min(AROUND * off / SHARP, FARTHEST)
        self.step = self.distance / AROUND
        self.error = self.size * (off / self.step + AROUND**-2)
        return bool(self.error <= BLUNTEST * self.size)

    def look_around(self) -> None:
        """Samples pairs of opposite points."""
        self._first = [sign * z for z in self._random(PAIRS) for sign in (1, -1)]
        for z in self._first:
            self.add(z)

    def look_closer(self) -> bool:
        """Samples more points, some of them closer to x; returns whether f is no steeper there.

        What most slopes change by on the way is curvature, and widens the error.
        """
        far = np.hstack([self.samples, self.rises])
        for z in self._first:
            self.add(CLOSER * z)
        near = np.hstack([self.samples, self.rises])[len(far) :]
        drift = float(np.median(np.nan_to_num(np.max(np.abs(near - far), axis=1), nan=np.inf)))
        self.error += drift / (1 - CLOSER)
        steepest, steeper = (np.nanmax(np.abs(each), initial=0.0) for each in (far, near))
        for z in self._random(PAIRS):
            self.add(z)
        self._beside = self._passes_beside(self.samples[: len(far)])
        return bool(np.isfinite(drift) and steeper <= STEEPER * steepest + CLEAR_KINK * self.error)

    def _passes_beside(self, far: Float[np.ndarray, "n k"]) -> Bool[np.ndarray, " k"]:
        """Along which axes the kinks lie beside x, however near, and not at it.

        As near to x as the gap of a kink exceeds the noise, the same ways lead to other slopes.
        """
        gap = np.nanmax(far, axis=0) - np.nanmin(far, axis=0)
        varied = self._varies(far)
        if not varied.any():
            return varied
        usual = self.distance, self.step
        self.step = BLUNT_GAP * self._off * self.size / float(np.min(gap[varied]))
        self.distance = NARROW_STEP * self.step
        if self.distance < usual[0]:
            near = np.array([self.slopes(z) for z in self._first])
            varied &= 2 * np.sum(np.abs(near - far) > gap / 2, axis=0) >= len(far)
        else:
            varied[:] = False
        self.distance, self.step = usual
        return varied

    def add(self, z: Float[np.ndarray, " d"]) -> Float[np.ndarray, " k"]:
        """Samples the slopes at x + distance · z, and returns those along the axes.

        They are NaN where f is not finite, or where the steps along the axes lead to different
        pieces of f, so that a step along all of them together does not change f by their sum.
        """
        slopes, mix = self.slopes(z), np.cos(np.arange(len(self.axes)))
        together = np.zeros(len(self.scale))
        together[self.axes] = mix
        if not abs(mix @ slopes - self.slope(z, together)) <= ROUGH * self.size + self.error:
            slopes = np.full(len(slopes), np.nan)
        self.samples = np.vstack([self.samples, slopes])
        along = [self.slope(z, u) for u in self.dense]
        self.rises = np.vstack([self.rises, np.array(along).reshape(1, -1)])
        self.size = max(self.size, float(np.nanmax(np.abs(slopes), initial=0.0)))
        return slopes

    @property
    def rough(self) -> Bool[np.ndarray, " k"]:
        """Along which axes f has different slopes, that at x included."""
        here = np.where(np.isnan(self.here), self.samples, self.here)
        varies = self._varies(self.samples) | self._varies(np.vstack([self.samples, here]))
        return varies & ~self._beside

    @property
    def smooth(self) -> bool:
        """Whether f has the same slopes everywhere, or too few points show any."""
        seen = self.samples[np.all(np.isfinite(self.samples), axis=1)]
        return len(seen) < PAIRS or not (self.rough.any() or self._varies(self.rises).any())

    @property
    def steady(self) -> Float[np.ndarray, " m"]:
        """The slopes along the dense directions along which f has one only; NaN for the others."""
        slopes = np.median(self.rises, axis=0)
        return np.where(self._varies(self.rises), np.nan, slopes)

    def _varies(self, slopes: Float[np.ndarray, "n k"]) -> Bool[np.ndarray, " k"]:
        finite = slopes[np.all(np.isfinite(slopes), axis=1)]
        if not len(finite):
            return np.zeros(slopes.shape[1], bool)
        return np.ptp(finite, axis=0) > np.maximum(ROUGH * self.size, CLEAR_KINK * self.error)

    def slopes(self, z: Float[np.ndarray, " d"]) -> Float[np.ndarray, " k"]:
        """Returns the slopes along the axes at x + distance · z, by central differences.

        One-sided ones would not do: beside x, functions such as ‖x‖ have a curvature of
        1/distance.
        """
        y, scale = self.point(z), self.scale[self.axes]
        ends = y[self.axes] + np.multiply.outer([1.0, -1.0], self.step * scale)
        steps = ends - y[self.axes]
        values = self.at(y).perturbed(np.tile(self.axes, 2), steps.ravel())
        up, down = values.reshape(2, -1)
        return (up - down) / (ends[0] - ends[1]) * scale

    def slope(self, z: Float[np.ndarray, " d"], u: Float[np.ndarray, " d"]) -> float:
        """Returns the slope at x + distance · z along u."""
        y, layout = self.point(z), self.evaluator.problem.layout
        line = layout.unflatten(self.scale * u)
        up, down = self.at(y).along(self.step * np.array([1.0, -1.0]), line)
        return float(up - down) / (2 * self.step)

    def random(self) -> Float[np.ndarray, " d"]:
        """Returns a random point, in units of the distance."""
        return self._random(1)[0]

    def _random(self, count: int) -> Float[np.ndarray, "n d"]:
        ways = self.rng.uniform(-1.0, 1.0, (count, len(self.scale)))
        return ways + np.copysign(LEAST / CLOSER, ways)

    def point(self, z: Float[np.ndarray, " d"]) -> Float[np.ndarray, " d"]:
        """Returns x + distance · z, turned inwards where the domain ends."""
        above, below = self._ends
        inward = np.where(above, -1.0, 1.0) * np.maximum(np.abs(z), LEAST)
        z = np.where(above | below, np.where(above & below, 0.0, inward), z)
        return self.evaluator.x + self.distance * self.scale * z

    @property
    def ended(self) -> Bool[np.ndarray, " d"]:
        """Where the domain ends near x."""
        return np.logical_or(*self._ends)

    @property
    def _ends(self) -> tuple[Bool[np.ndarray, " d"], Bool[np.ndarray, " d"]]:
        """Where the domain ends above x, and below it, within all points that are sampled."""
        return self._room_above < 3 * self.distance, self._room_below < 3 * self.distance

    def at(self, y: Float[np.ndarray, " d"]) -> Evaluator:
        """Returns the programs at another point."""
        problem = self.evaluator.problem
        return self.evaluator.at(replace(problem, params=problem.layout.unflatten(y)))

    def _value(self, z: Float[np.ndarray, " d"]) -> float:
        line = self.evaluator.problem.layout.unflatten(self.point(z) - self.evaluator.x)
        return float(self.evaluator.along(np.ones(1), line)[0])
