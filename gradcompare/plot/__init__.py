"""Pictures of results, with matplotlib (extra `plot`): a wrong gradient is seen faster than read.

Each function draws into the axes that it is given, or into those of a new figure, and returns
them. Matplotlib is imported at the first picture.
"""

from .derivatives import estimates as estimates
from .functions.lines import slice as slice
from .functions.remainders import taylor as taylor
from .functions.steps import v_curve as v_curve
from .records import coverage as coverage
from .records import scaling as scaling
from .runs import descent as descent
from .runs import timing as timing
