"""Suggestions for misspelt names: "did you mean ...?"."""

from collections.abc import Iterable
from difflib import get_close_matches
from math import nan

MOST_NAMES = 24  # up to this number an error lists all names, else only the similar ones


def likely_name(name: str, names: Iterable[str]) -> str | None:
    """The existing name that a misspelt `name` probably stands for."""
    existing = [str(candidate) for candidate in names]
    # 0.001 is not similar to 1e-3, but the same number.
    number = _number(name)
    if number == number and (same := [text for text in existing if _number(text) == number]):
        return same[0]
    near = get_close_matches(str(name), existing, n=1, cutoff=0.6)
    # "sra" is not similar to "linear_sra", but if one name alone contains it, that one is meant.
    parts = [candidate for candidate in existing if str(name).lower() in candidate.lower()]
    return near[0] if near else parts[0] if name and len(parts) == 1 else None


def _number(text: str) -> float:
    """The number that a text writes; NaN, which equals nothing, for any other text."""
    try:
        return float(str(text))
    except ValueError:
        return nan


def unknown(kind: str, name: str, names: Iterable[str]) -> str:
    """The message for a name that does not exist: the names that do, and the likeliest one."""
    existing = sorted(str(candidate) for candidate in names)
    near = likely_name(name, existing)
    hint = f'; did you mean "{near}"?' if near else ""
    if not existing:
        return f'unknown {kind} "{name}" (there is none)'
    if len(existing) > MOST_NAMES:
        similar = ", ".join(get_close_matches(name, existing, n=6, cutoff=0.4))
        among = f", among them {similar}" if similar else ""
        return f'unknown {kind} "{name}"{hint} ({len(existing)} known{among})'
    return f'unknown {kind} "{name}"{hint} (known: {", ".join(existing)})'
