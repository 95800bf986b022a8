"""Where derivatives are compared: points drawn, and points sought for branches not yet taken."""
