"""Rules for derivatives that people write for a function of their own.

- `check`: the entry point
- `primals`: the arguments of the function, by name
- `rule`: a rule of JAX, or a pair of functions on the host
- `products`: the quantities that are compared, with random cotangents
- `places`: the lines of a rule
- `repairs`: changes of a rule that make it right, which show the slip
- `further`: float32, batches, second order, numbers that are not finite
"""
