"""Ways to differentiate: one in each file, which ends with the tuple `METHODS`.

For other packages: `_base` (the base class), `_registry` (the methods by their labels),
`_quotients` (the formulas of differences) and `_other` (the derivative of `Objective.other`, which
has no label on the command line).
"""
