"""A comparison as one HTML page, and a result in a notebook."""
