"""Opinions beside the vote: f over larger steps, and along lines and fields.

- `asymmetry`: a wrong gradient that is the gradient of no function
- `line_integral`: jumps of f that its gradient leaves out
- `noisy`: line integrals, where noise keeps differences from a decision
- `taylor`: the remainder of the linear map
"""
