"""Choices of functions that are called on the host, recorded by the arrays they are given."""
