"""The path of an optimiser: its points, and the course of the run in sentences."""
