"""What is wrong with a Jacobian or a Hessian.

- `findings`: patterns of the whole matrix first, then the diagnosis of single rows
- `evidence`: the matrices of all points
- `patterns`: rows and columns that are exchanged, negated, multiplied or zero
- `blocks`: blocks that are transposed, and entries
- `curvature`: second derivatives of a value inside that are left out
- `omitted`: entries that a sparse matrix leaves out
- `columns`: the matrix behind a product
- `rows`: a row as the gradient of a scalar
"""
