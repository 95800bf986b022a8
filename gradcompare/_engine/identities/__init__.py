"""What holds for a gradient exactly, whatever the step: the definitions and identities.

- `field`: a function and its gradient on straight lines
- `ladder`: the remainder of a Taylor polynomial over many lengths of one vector
- `differentiable`: whether f is differentiable with this gradient, and this Hessian
- `remainder`: the result of that
- `quadrature`: the integral of a gradient along a line, with an error bar
- `edges`: the edges of a random polygon, each with f and the integral
- `integral`: whether f is the integral of its gradient
- `symmetry`: whether a vector field has a symmetric Jacobian, as every gradient has
"""
