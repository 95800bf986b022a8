"""Numbers as text: three digits and a unit."""

import math

import pytest

from gradcompare._foundation.wording import duration, memory, ratio, short

CASES = [
    (short, None, ""),
    (short, 0.0, "0"),
    (short, 1.23456, "1.23"),
    (short, 1.5e-9, "1.5e-9"),
    (short, -2e10, "-2e+10"),
    (short, 123456.7, "123457"),
    (short, 3e6, "3e+6"),
    (short, 3e-12, "3e-12"),
    (short, math.nan, "nan"),
    (short, math.inf, "inf"),
    (duration, None, ""),
    (duration, math.inf, ""),
    (duration, 0.0, "0 ns"),
    (duration, 2.5e-7, "250 ns"),
    (duration, 1.234e-5, "12.3 µs"),
    (duration, 0.5, "500 ms"),
    (duration, 12.34, "12.3 s"),
    (duration, 123.4, "123 s"),
    (ratio, None, ""),
    (ratio, 0.954, "0.95"),
    (ratio, 9.96, "10"),
    (ratio, 152.4, "152"),
    (ratio, 12_345.0, "12k"),
    (memory, None, ""),
    (memory, 168, "168 B"),
    (memory, 1536, "1.50 KiB"),
    (memory, 5 * 2**20, "5.00 MiB"),
    (memory, 3 * 2**30, "3.00 GiB"),
]


@pytest.mark.parametrize(
    ("show", "number", "text"), CASES, ids=[f"{f.__name__}-{number}" for f, number, _ in CASES]
)
def test_text(show, number, text):
    assert show(number) == text


def test_a_rounded_share_has_no_exponent():
    shares = [short(x, 2) for x in (99.7, 99.4, 100.0, 123.0, 9.97)]
    assert shares == ["100", "99", "100", "120", "10"]
    assert short(999.7) == "1000"
