"""What is wrong with a derivative: hypotheses, one idea per file.

The evidence is the pair (hand-written gradient a, reference r) at every point. A hypothesis
predicts a from r, the parameters and the data, and must hold at every point to within the
error bars, |a − prediction| ≤ SAFETY · (bars): this distinguishes a ratio of 2 from a ratio θ.
The simplest one that explains everything is reported. If there is none, the one that explains
most is reported, and the rest is explained in turn.
"""
