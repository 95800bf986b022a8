"""The noise of an objective.

- `level`: the noise in equally spaced values
- `measurement`: the noise near a point
- `outward`: noise that f shows only where a tiny parameter has moved
- `stairs`: values that are rounded, and staircases
- `waves`: oscillations, which look like noise
"""
