"""Whole cases on the workers of an executor."""
