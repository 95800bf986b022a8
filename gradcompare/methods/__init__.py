"""Ways to differentiate: one in each file, which ends with the tuple `METHODS`.

For other packages: `_base` (the base class) and `_registry` (the methods by their labels).
"""
