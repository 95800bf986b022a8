"""The true derivative: from values with many digits where that is possible, else by the judge."""
