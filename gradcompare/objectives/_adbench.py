"""Instances of Gaussian mixtures in the text format of ADBench.

The first line holds d, K and n. Then come the numbers of α (K), the means (K × d), `icf`
(K × d(d+1)/2), the points (n × d), γ and m, row by row, with white space between them.
"""

from pathlib import Path

import numpy as np

from .._foundation.errors import InputError
from .gaussian_mixture import Data, Params


def read_instance(path: str | Path) -> tuple[Params, Data]:
    """Returns the parameters and the data of the objective `gaussian-mixture` from a file.

    Raises:
        InputError: if the file cannot be read, or does not hold what it should.
    """
    try:
        first, _, rest = Path(path).read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} cannot be read ({error}); give a text instance of ADBench"
        ) from error
    d, K, n = _header(first, path)
    try:
        numbers = np.array(rest.split(), np.float64)
    except ValueError as error:
        raise InputError(
            f"{path} holds something else than numbers ({error}); give a text instance of ADBench"
        ) from error
    sizes = [K, K * d, K * d * (d + 1) // 2, n * d]
    if len(numbers) != sum(sizes) + 2:
        raise InputError(
            f"{path} has {len(numbers)} numbers after its first line, but d = {d}, K = {K} and "
            f"n = {n} need {sum(sizes) + 2}; is it cut off, or is its first line another's?"
        )
    if not np.all(np.isfinite(numbers)):
        raise InputError(f"{path} holds a number that is not finite; give finite numbers")
    alphas, means, icf, X, (gamma, m) = np.split(numbers, np.cumsum(sizes))
    params = Params(alphas, means.reshape(K, d), icf.reshape(K, -1))
    return params, Data(X.reshape(n, d), float(gamma), float(m))


def _header(line: str, path: str | Path) -> tuple[int, int, int]:
    words = line.split()
    if len(words) != 3 or not all(word.isdecimal() and int(word) > 0 for word in words):
        raise InputError(
            f"{path} starts with {line[:60]!r}; it needs three positive integers, d, K and n"
        )
    d, K, n = map(int, words)
    return d, K, n
