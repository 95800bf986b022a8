"""The branches of a program that a point takes: traced programs, and functions on the host."""
