"""`numerical_gradient`: a gradient by differences, for calls again and again."""
