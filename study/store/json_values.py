"""JSON values as the store writes them: finite numbers, and a limited depth of nesting."""

import math
from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 64  # levels of a record; Python's own functions fail at about 1,000


def finite(value: object) -> Any:
    """A copy of `value` in which numbers that are not finite are None; JSON has no NaN."""
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def too_deep(value: object) -> bool:
    """True if a value has more levels of nesting than any record that the store writes."""
    # Level by level, not by recursion: the check must not fail as the functions that it protects.
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        inner = (v.values() if isinstance(v, dict) else v for v in level)
        level = [v for values in inner for v in values if isinstance(v, dict | list)]
        if not level:
            return False
    return True


def refuse_constant(constant: str) -> None:
    """Raise ValueError for NaN and Infinity, which Python's reader of JSON would accept."""
    raise ValueError(f"{constant} is not a number in JSON")
