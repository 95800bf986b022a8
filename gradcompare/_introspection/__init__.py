"""Programs of JAX, read and rewritten: places of operations, and dependencies of values."""
