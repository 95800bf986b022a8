"""The wrong coordinates among very many, found along random directions."""
