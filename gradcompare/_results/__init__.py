"""What is known about one objective: the vote of the sources, and the result in sentences."""
