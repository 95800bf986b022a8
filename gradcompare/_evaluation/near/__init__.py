"""Values of a function near one point.

- `batches`: a scalar at many points
- `chunks`: how many of them are computed together
- `of_value`: what is made of the program of the scalar
- `vectors`: a function with several results
"""
