"""Whether a difference comes from the tolerance of a solver."""
