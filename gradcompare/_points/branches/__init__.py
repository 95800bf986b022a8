"""Which branches of a program a point takes: traced programs, and functions on the host."""
