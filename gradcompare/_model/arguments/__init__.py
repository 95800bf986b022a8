"""The arguments of a check as people write them.

- `user_functions`: a user's functions of any arguments, as functions of parameters and data
- `several`: functions with several results, and products
- `complex_parts`: complex parameters in two real parts
- `domain`: bounds by name
- `validation`: conversions, and errors that say what is needed
"""
