"""Files that are whole at every moment: written beside and renamed, or line by line."""
