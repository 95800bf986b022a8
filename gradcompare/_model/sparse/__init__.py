"""Jacobians and Hessians of which few entries are not zero.

- `triplets`: sparse matrices of SciPy and JAX as rows, columns and numbers
- `pattern`: which entries there are, and which columns can be moved together
- `layout`: their entries, and the products that show others, as one flat vector
- `derivative`: a user's sparse matrix as such a vector
"""
