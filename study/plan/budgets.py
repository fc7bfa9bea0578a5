"""Budgets as users write them: hours of wall time, device-hours, or money together with a price."""

import re
from typing import NotRequired, TypedDict

from study.errors import StudyError
from study.store.job_records import Budget

HOUR = 3600.0  # seconds
UNITS = {"d": 24 * HOUR, "h": HOUR, "m": 60.0, "s": 1.0}
"""The seconds of each unit of a duration, in the order in which they are written."""
# Digits of other scripts and exponents are no numbers here, and nine digits are enough for any.
NUMBER = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)"
DURATION = re.compile("".join(f"(?:{NUMBER}{unit})?" for unit in UNITS))
AMOUNT = re.compile(f"{NUMBER}(gpuh|cpuh)?")
PRICE = re.compile(f"{NUMBER}/(h|gpuh|cpuh)")
LONGEST = 1e11
"""Seconds that a record of the store may hold."""
EXAMPLES = "8h, 1h30m, 300s, 40gpuh, 16cpuh, or 100 with --price 2.5/gpuh"


class Parsed(TypedDict):
    """The fields of a budget that a text names."""

    text: str
    unit: str
    seconds: float
    price: NotRequired[float]


def budget(text: str, price: str | None = None) -> Budget:
    """The budget that a text names.

    Raises:
        StudyError: it names none, or an amount of money without a price, or a price without one.
    """
    text, amount = text.strip(), AMOUNT.fullmatch(text.strip())
    is_money = amount is not None and amount[2] is None
    if is_money and price is None:
        raise StudyError(
            f"a budget of {text} has no unit: write {text}h, {text}gpuh, or for money a price "
            f"beside it, such as --price 2.5/gpuh"
        )
    if price is not None and not is_money:
        raise StudyError(
            f"a price turns an amount of money into hours, and a budget of {text} is none: leave "
            "out the price, or write --budget 100 --price 2.5/gpuh"
        )
    record = _money(text, price) if price is not None else _time(text, amount)
    seconds, written = record["seconds"], record["text"]
    if not 0 < seconds <= LONGEST:
        size = "no limit" if seconds else "nothing, so that no trial would start"
        raise StudyError(f"a budget of {written} is {size}; write {EXAMPLES}")
    return Budget.checked({**record})


def _time(text: str, amount: re.Match[str] | None) -> Parsed:
    """A budget of device-hours, or of wall time."""
    if amount is not None:
        return {"text": text, "unit": amount[2], "seconds": float(amount[1]) * HOUR}
    parts = DURATION.fullmatch(text)
    if not text or parts is None:
        raise StudyError(f'"{text}" is no budget; write {EXAMPLES}')
    numbers = zip(parts.groups(), UNITS.values(), strict=True)
    seconds = sum(float(number or 0) * unit for number, unit in numbers)
    return {"text": text, "unit": "h", "seconds": seconds}


def _money(text: str, price: str) -> Parsed:
    parts = PRICE.fullmatch(price.strip())
    if parts is None or not float(parts[1]):
        raise StudyError(
            f'"{price}" is no price; write 2.5/gpuh, 0.04/cpuh, or 3/h for an hour of wall time'
        )
    each = float(parts[1])
    seconds, words = float(text) / each * HOUR, f"{text} at {price.strip()}"
    return {"text": words, "unit": parts[2], "seconds": seconds, "price": each}


def money(limit: Budget, seconds: float) -> str:
    """The price of so many seconds of the budget's unit; "" where the budget has no price."""
    return f"{seconds / HOUR * limit.price:.2f}" if limit.price else ""


def check_device(limit: Budget, device: str) -> None:
    """Raise StudyError if a budget counts GPUs where trials may run on none."""
    if limit.unit == "gpuh" and device not in ("cuda", "mps"):
        where = "on the CPU" if device == "cpu" else "on whatever device their job has"
        raise StudyError(
            f"a budget of {limit.text} counts hours of GPUs, and trials run {where} here: count "
            "cores (cpuh) or wall time (h), or say --device cuda"
        )


def units(limit: Budget, *, threads: int, devices: int, nodes: int, share: int) -> float:
    """Devices, or cores, that a trial holds while it runs; 1 for wall time."""
    # Trials that share a GPU pay for it together; cores are those that a trial is given as threads.
    if limit.unit == "gpuh":
        return devices * nodes / share
    return threads * devices * nodes if limit.unit == "cpuh" else 1.0
