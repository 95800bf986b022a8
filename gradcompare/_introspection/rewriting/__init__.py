"""Programs that are run with some of their operations changed.

- `longer_loops`: `while` loops that run on after their condition has failed
- `replacement`: operations that a function replaces
"""
