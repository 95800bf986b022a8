"""One point: the estimates of all methods, the verdict, and remarks.

- `examination`: the comparison at one point
- `kinks`: the sources against f along directions, where f has a kink
- `narrow`: the judgement of functions that compute in narrow types
- `remarks`: sentences on the functions
- `taylor`: a second opinion on a gradient
"""
