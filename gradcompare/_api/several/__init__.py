"""Checks of derivatives other than the gradient of a scalar.

- `first`: of a function with several results
- `second`: second derivatives of a scalar
- `quantity`: what these have in common
"""
