"""HTML: the templates, and the links into the documentation."""
