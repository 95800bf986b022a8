"""The terms of an objective and the uses of its parameters, read from its program."""
