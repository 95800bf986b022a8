"""A function at many points: compiled or called on the host, with its rounding error."""
