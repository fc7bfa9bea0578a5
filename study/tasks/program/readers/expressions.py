"""Expressions for lines of output: what they cut, and what they pass over.

`loss:([\\d.]+)` takes 9.8 of `loss:9.8e-05`, and no `loss:nan` or `loss:-3.5` at all: an earlier
value would count, and hide that a training diverged.
"""

import re
from collections.abc import Iterable, Iterator

START = r"(?<![\w.)\]])"  # of a sign, which is neither the hyphen of "a-1" nor the dash of "1-2"
DIGITS = r"(?:\d+(?:\.\d+)?|(?<!\d)\.\d+)"
EXPONENT = r"(?:e[-+]?\d+)"
NUMBER = re.compile(rf"(?:{START}[-−])?{DIGITS}{EXPONENT}?", re.IGNORECASE)
UNUSUAL = re.compile(
    rf"(?<![\w.])[-+−]?(?:nan|inf|infinity)(?!\w)"
    rf"|{START}[-+−]{DIGITS}{EXPONENT}?|{DIGITS}{EXPONENT}",
    re.IGNORECASE,
)
"""Numbers that an expression of digits and points does not match."""
COMMA = re.compile(r",\d+")
AROUND = 64  # characters around a value in which the whole number stands
LONGEST = 2_000  # characters of a text that is searched for numbers that were passed over
SAMPLES = ("nan", "-1.5", "1e-05")


def value_group(expression: re.Pattern[str]) -> str | int:
    """The group of the value: the one of that name, or the only one."""
    return "value" if "value" in expression.groupindex else 1


def whole(match: re.Match[str], group: str | int) -> str:
    """The number of which a group has matched a part; "" where it has matched all of it."""
    line, (start, end) = match.string, match.span(group)
    for number in NUMBER.finditer(line, max(0, start - AROUND), end + AROUND):
        first, last = number.span()
        if first < end and start < last and (first < start or end < last):
            return number[0]
    # A comma of thousands or decimals, unless the expression goes on and so knows of it.
    comma = COMMA.match(line, end) if match.end() == end and match[group].isdecimal() else None
    return match[group] + comma[0] if comma else ""


def passed_over(expression: re.Pattern[str], lines: Iterable[str], last: int) -> str:
    """A number that the expression should have matched, and that would be of the last values.

    It is one if the expression matches once a usual number stands in its place. "" if none is.
    """
    group, since, missed = value_group(expression), 0, ""
    lines = [*lines]
    usual = [m[group] for line in lines for m in expression.finditer(line) if m[group]]
    for line in lines:
        for text in line.split("\r"):  # a progress bar writes all its states into one line
            for is_match, number in _in_order(expression, text, (usual or ["0.0"])[-1]):
                since, missed = (since + 1, missed) if is_match else (0, number)
    return missed if since < last else ""


def _in_order(expression: re.Pattern[str], text: str, usual: str) -> Iterator[tuple[bool, str]]:
    """The matches of a text, and the numbers that were passed over, from left to right."""
    group = value_group(expression)
    spans = [match.span(group) for match in expression.finditer(text)]
    items = [(start, True, "") for start, _ in spans]
    for number in UNUSUAL.finditer(text) if len(text) <= LONGEST else ():
        start, end = number.span()
        if any(first < end and start < last for first, last in spans):
            continue
        other = text[:start] + usual + text[end:]
        span = (start, start + len(usual))
        if any(match.span(group) == span for match in expression.finditer(other)):
            items.append((start, False, number[0]))
    yield from ((is_match, number) for _, is_match, number in sorted(items))


def not_matched(source: str) -> list[str]:
    """Numbers that the value's group of an expression cannot match; none where that is unclear."""
    try:
        inside = re.compile(_inside(source))
    except re.error:  # it refers to what is around it
        return []
    return [sample for sample in SAMPLES if not inside.fullmatch(sample)]


def _inside(source: str) -> str:
    """The text of the value's group."""
    name = "(?P<value>" if "(?P<value>" in source else "("
    depth, start, in_class = 0, -1, False
    for match in re.finditer(r"\\.|\(\?P<value>|\(\?|\[\^?\]?|\]|\(|\)", source, re.DOTALL):
        token = match[0]
        if in_class or token.startswith("["):
            in_class = token != "]"
        elif start < 0:
            start, depth = (match.end(), 1) if token == name else (-1, 0)
        elif token.startswith("("):
            depth += 1
        elif token == ")":
            depth -= 1
            if depth == 0:
                return source[start : match.start()]
    return ""
