"""One point: the estimates of all methods, the verdict, and remarks.

- `asymmetry`: a wrong gradient that is the gradient of no function
- `examination`: the comparison at one point
- `kinks`: the sources against f along directions, where f has a kink
- `narrow`: the judgement of functions that compute in narrow types
- `noisy`: line integrals, where noise keeps differences from a decision
- `remarks`: sentences on the functions
- `taylor`: a second opinion on a gradient
"""
