"""Formats for other programs: CSV, LaTeX, JUnit, SARIF."""
