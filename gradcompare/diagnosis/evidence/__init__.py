"""The numbers that a hypothesis must explain, and the names of coordinates."""
