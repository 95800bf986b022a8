"""What the commands print and write: formats, files, the citation."""
