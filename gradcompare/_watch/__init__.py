"""The path of an optimiser: its points, and what they say in sentences."""
