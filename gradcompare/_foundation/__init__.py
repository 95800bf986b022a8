"""Shared by every floor: errors, names of coordinates, numbers in text, precision, user code."""
