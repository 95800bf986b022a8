"""What the command line is given: files, formulas, shapes and numbers, turned into functions."""
