"""Float64 in place of the narrower types in which a program computes."""
