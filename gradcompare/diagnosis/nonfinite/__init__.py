"""Where a value or a derivative stops being finite."""
