"""Descent: what a gradient is for.

- `search`: gradient descent with backtracking
- `runs`: the same descent with the gradients of several sources
- `result`: what they are beside each other
"""
