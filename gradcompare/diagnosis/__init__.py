"""What is wrong with a derivative: hypotheses, one idea a file, each ends with `HYPOTHESES`.

The evidence is the pair (hand-written gradient a, reference r) at every point. A hypothesis
predicts a from r, the parameters and the data, and has to hold at every point to within the
error bars, |a − prediction| ≤ SAFETY · (bars): this is what tells a ratio of 2 from a ratio θ.
The simplest one that explains everything is reported; or else the one that explains most, and
the rest is explained in turn.
"""
