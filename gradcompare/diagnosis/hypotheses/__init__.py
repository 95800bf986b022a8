"""Explanations of a wrong gradient: one idea per file, each ending with `HYPOTHESES`."""
