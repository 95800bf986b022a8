"""Pictures of a function at a point.

- `lines`: f along one coordinate, with the tangents by each source
- `search`: what the judge does for one coordinate
- `steps`: the error of a difference over its step
- `remainders`: the remainder of the linear map by a gradient
"""
