"""What a case costs, and what is done where that is more than its time limit.

- `prediction`: the number of values, and the seconds that they take
- `watch`: the clock of a case, what was examined so far, and the result where time is up
- `directions`: the gradient along a few random directions instead of every coordinate
- `bar`: the progress bar
"""
