"""Rounding before an accusation: the bars measured inside of the programs, and a second vote.

No source is accused before its rounding was measured where it happens. The measurement runs one
source at a time and looks at no other, so that the votes stay independent; it widens bars and
never narrows them.
"""
