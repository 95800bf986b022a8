"""Choices of functions that are called on the host, recorded by their arguments."""
