"""A function of NumPy, run again with `jax.numpy` in the place of `numpy`.

- `rebinding`: copies of the user's functions, in which these names mean something else
- `moved`: copies in which the numbers that they capture are moved a little
- `substitutes`: what the names mean: NumPy itself, and jax.numpy where an argument is traced
- `arrays`: the arrays and numbers of NumPy among traced ones
- `wide`: copies in which float64 stands in for narrower types
"""
