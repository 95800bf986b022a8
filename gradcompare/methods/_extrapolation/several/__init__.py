"""Derivatives of functions with several results, and second derivatives.

- `noises`: the noise of each result
- `values`: the values of such a function
- `first`: the derivatives of every result
- `coloured`: the entries of a sparse Jacobian
- `second`: the second derivatives of a scalar
"""
