"""The numbers that a hypothesis has to explain, and how coordinates are named."""
