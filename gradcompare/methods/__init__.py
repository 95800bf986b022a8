"""Ways to differentiate, one a file, which ends with the tuple `METHODS`.

For other packages: `_base` (what every method has) and `_registry` (the methods by their labels).
"""
