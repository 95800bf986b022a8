"""What is wrong where automatic differentiation is the odd one out."""
