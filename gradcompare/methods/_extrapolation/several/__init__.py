"""Derivatives of functions with several results, and second derivatives.

- `values`: the values of such a function, and the noise of each result
- `first`: the derivatives of every result
- `coloured`: the entries of a sparse Jacobian
- `second`: the second derivatives of a scalar
"""
