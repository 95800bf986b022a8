"""Differences at many steps, extrapolated to step zero, with their error bars.

Only `ladder` keeps state, in `windows` and `best`, whose methods change nothing but themselves;
`lines`, `differences` and `tableau` are functions of arrays.
"""
