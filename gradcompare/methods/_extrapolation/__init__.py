"""Differences at many steps, extrapolated to step zero, with their error bars."""
