"""The results of a comparison: the vote of the sources, and the result in sentences."""
