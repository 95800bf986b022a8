"""The fault where automatic differentiation alone differs from the other sources."""
