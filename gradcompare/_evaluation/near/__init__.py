"""Values of a function near one point.

- `batches`: a scalar at many points
- `chunks`: how many of them are computed together
- `vectors`: a function with several results
"""
