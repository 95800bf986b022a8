"""The registered objectives: each module here ends with an exported tuple `OBJECTIVES`."""
