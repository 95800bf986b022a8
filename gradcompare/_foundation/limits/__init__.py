"""How long a check may take, and how far it is: `clock`."""
