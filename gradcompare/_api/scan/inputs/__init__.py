"""What a scan examines: the functions, the ways to call them, and the places."""
