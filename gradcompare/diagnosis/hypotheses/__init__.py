"""Explanations of a wrong gradient: one idea a file, which ends with `HYPOTHESES`."""
