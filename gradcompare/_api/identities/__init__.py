"""Checks by definitions and identities, each a function of the library.

- `problems`: the user's functions as a problem, for all of them
- `remainder`: differentiability as it is defined
- `integral`: the line integral of a gradient
- `symmetry`: the symmetry of its Jacobian
- `descend`: gradient descent with each of the gradients
"""
