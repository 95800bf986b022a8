"""The verdict from the estimates of the sources.

- `judge`: the vote at one point
- `excess`: the distance of two estimates, in error bars
- `reach`: the detection floor, and how far the sources agree
- `accuracy`: the verdict at an accuracy that the user accepts
- `clarke`: whether a derivative at a kink is an element of the generalised gradient
- `fairness`: which points may convict
- `settlement`: what the points together say of a small difference
- `single_source`: the verdicts on one of the sources alone
"""
