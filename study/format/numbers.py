"""Plain numbers as text: rounding, sign, significant digits, durations and sizes."""

import math

ABSENT = "--"
TENFOLD = 10  # from here on a change is a multiple, and a multiple needs one digit
SIGNIFICANT = 3  # digits of costs, timings and ratios
MOST_DECIMALS = 6
LARGE = 1e7  # from here on a number has a power of ten


def number(value: float, digits: int, *, signed: bool = False) -> str:
    """A number with this many decimals, a real minus sign, and no sign if it rounds to zero."""
    if not math.isfinite(value):
        return ABSENT
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    # "-0.00" would claim a sign that rounding has removed.
    if not text.strip("+-0."):
        return text.lstrip("+-")
    # U+2212, which typesets as a minus sign; a hyphen is shorter.
    return text.replace("-", "−")


def honest(value: float, digits: int, *, signed: bool = False) -> str:
    """A number with this many decimals, or with those that keep it from being printed as zero.

    Beyond six decimals, and from 10^7 on, it has a power of ten: "1.05e−14".
    """
    text = number(value, digits, signed=signed)
    vanishes = bool(value) and not text.strip("0.")
    if vanishes and (more := decimals(value, 1)) < MOST_DECIMALS:
        return number(value, more, signed=signed)
    if vanishes or LARGE <= abs(value) < math.inf:
        mantissa, _, exponent = f"{value:{'+' * signed}.{SIGNIFICANT - 1}e}".partition("e")
        return f"{mantissa}e{int(exponent)}".replace("-", "−")
    return text


def significant(value: float, *, signed: bool = False) -> str:
    """A number with three significant digits at least; whole numbers are never rounded."""
    if not math.isfinite(value):
        return ABSENT
    return number(value, decimals(value, SIGNIFICANT), signed=signed)


def decimals(value: float, digits: int) -> int:
    """The decimals with which a number has this many significant digits, as it is rounded."""
    if not value:
        return 0
    # Rounded first: 9.996 has the three digits "10.0", not "10.00".
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])
    return min(MOST_DECIMALS, max(0, digits - 1 - exponent))


def change(value: float, base: float) -> str:
    """The relative difference in per cent, or a multiple from ten times as much on."""
    if base and value / base >= TENFOLD:
        return f"×{value / base:,.0f}"
    if not base:
        return ABSENT
    percent = 100 * (value / base - 1)
    # Three digits at most; one decimal below 100 %, where more would not be read.
    return f"{number(percent, int(abs(percent) < 99.95), signed=True)} %"


def p_value(value: float) -> str:
    return ABSENT if math.isnan(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def duration(seconds: float) -> str:
    """Seconds below 90 s, minutes below 90 min, else hours."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:  # 90 min
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def size(count: float) -> str:
    """Bytes in a decimal unit of 10^3, 10^6 ...: "1.23 MB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def gigabytes(count: float) -> str:
    """Bytes in gigabytes of 10^9, whatever their number, so that two amounts compare."""
    return f"{count / 1e9:.3g} GB"


def many(count: int, noun: str, nouns: str = "") -> str:
    """A count with its noun: "1 trial", "3 trials"."""
    return f"{count} {noun}" if count == 1 else f"{count} {nouns or noun + 's'}"
