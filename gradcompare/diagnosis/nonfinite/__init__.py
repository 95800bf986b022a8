"""The place where a value or a derivative stops being finite."""
