"""What every floor uses: errors, names of coordinates, words for numbers, precision, user code."""
