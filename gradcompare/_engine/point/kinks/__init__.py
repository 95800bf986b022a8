"""A kink: what f does near the point, against what each source predicts.

- `units`: the scale of each coordinate
- `bends`: whether f has a kink that no coordinate shows alone
- `nearby`: the slopes of f at points near a kink
- `line`: the steepest piece of f on a line
- `ascent`: the search for points at which f rises as much as a derivative predicts
- `study`: what directions say of the sources
"""
