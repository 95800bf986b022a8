"""The input of the command line: files, formulas, shapes and numbers, as arguments of `check`."""
