"""Rounding errors measured where they happen: a program with random rounding.

Every operation rounds its result up or down at random, and sums add their terms in another order.
The spread of the results is the rounding error of the program, of digits that cancel or saturate
inside as well, which no change of the arguments shows. D. S. Parker, Monte Carlo arithmetic, UCLA
CSD-970002 (1997); J. Vignes, A stochastic arithmetic for reliable scientific computation, Math.
Comput. Simul. 35 (1993).
"""
