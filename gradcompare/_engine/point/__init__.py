"""One point: the estimates of all methods, the verdict, and remarks.

- `acceptance`: an accuracy that the user accepts
- `examination`: the comparison at one point
- `kinks`: the sources against f along directions, where f has a kink
- `narrow`: the judgement of functions that compute in narrow types
- `other`: a second derivative of the user's own
- `remarks`: sentences on the functions
- `second_opinion`: opinions beside the vote
- `twin`: functions of NumPy that are rerun with jax.numpy
"""
