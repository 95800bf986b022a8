"""Programs of JAX, read and rewritten: where an operation stands, what depends on what."""
