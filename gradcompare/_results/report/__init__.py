"""Faces over a `Comparison`: they read it and format it, and compute nothing new."""
