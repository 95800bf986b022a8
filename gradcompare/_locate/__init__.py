"""Finds the wrong coordinates of a very long gradient along random directions."""
