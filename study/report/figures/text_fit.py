"""Labels broken into lines that fit, measured in the font they are set in."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from operator import itemgetter

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from study.report.figures.letters import drawable
from study.report.table import plain

MORE = "…"
WORD = re.compile(r"[\s_./,;:()+-]*[^\s_./,;:()+-]+[,;:)]*")
"""A word or a part of a name, with the signs before it."""


def width(text: str, size: float) -> float:
    """Width of a text in points, in the fonts of the current style."""
    return _width(text, size, tuple(FontProperties().get_family()))


@cache
def _width(text: str, size: float, families: tuple[str, ...]) -> float:
    # The families are the current ones, and are here as a key of the cache.
    font = FontProperties(size=size)
    # The last argument is `ismath`: a label with "$" is measured as it is drawn, as plain text.
    return float(text_to_path.get_text_width_height_descent(text, font, False)[0])


def wrapped(text: str, room: float, *, size: float = 7.5, lines: int = 2) -> str:
    """The text in lines of at most `room` points.

    A text that is too long is shortened before its end: labels of combinations begin alike and
    differ at the end.
    """
    text = drawable(plain(text))
    fitted = broken(text, room, size)
    if len(fitted) <= lines:
        return "\n".join(fitted)
    # Lines before the last are whole; the last one is shortened from the full text.
    head = fitted[: lines - 1]
    return "\n".join([*head, _shortened(text, room, size, headed=not head)])


def all_wrapped(
    texts: Sequence[str], room: float, *, size: float = 7.5, lines: int = 2
) -> list[str]:
    """The texts as `wrapped` gives them, but for those that it would cut.

    Of these, what all have in common is left out, so that what differs is read.
    """
    whole = [drawable(plain(text)) for text in texts]
    fitted = {text: wrapped(text, room, size=size, lines=lines) for text in whole}
    # Not those alone that look the same: what is cut may be all in which two names differ.
    same = [text for text in fitted if MORE in fitted[text]]
    for text, rest in zip(same, differing(same), strict=True):
        fitted[text] = wrapped(
            _with_start(text, rest, room, size, lines), room, size=size, lines=lines
        )
    # Names of which even that is too long are numbered in their order.
    shown, number = Counter(fitted.values()), Counter[str]()
    for text, short in fitted.items():
        if shown[short] > 1:
            number[short] += 1
            sign = f" #{number[short]}"
            fitted[text] = wrapped(text, room - width(sign, size), size=size, lines=lines) + sign
    return [fitted[text] for text in whole]


def _with_start(text: str, rest: str, room: float, size: float, lines: int) -> str:
    """`rest`, behind as many of the first words of the text as there is room for."""
    words = WORD.findall(text)
    # Words that are left out at the beginning alone, and not the first that is not.
    out = next(
        (n for n, word in enumerate(words) if rest[1:].startswith(word.strip(" _./-,;:"))), 0
    )
    starts = ("".join(words[:n]) for n in range(out if rest[:1] == MORE else 0, 0, -1))
    fitting = (s + rest for s in starts if len(broken(s + rest, room, size)) <= lines)
    return next(fitting, rest)


def differing(texts: Sequence[str]) -> list[str]:
    """The words of each text in which any of the texts differ, others left out as "…"."""
    words = [WORD.findall(text) for text in texts]
    if len(words) < 2:
        return [*texts]
    if len({*map(len, words)}) == 1:
        common = [len({*column}) == 1 for column in zip(*words, strict=True)]
        return [_without(own, common) for own in words]
    # Of unequal lengths they have words in common at their ends alone.
    least = min(map(len, words), default=0)
    start = next((n for n in range(least) if len({own[n] for own in words}) > 1), least)
    rest = [own[start:] for own in words]
    least = min(map(len, rest), default=0)
    end = next((n for n in range(least) if len({own[-1 - n] for own in rest}) > 1), least)
    return [
        _without(own, [not start <= n < len(own) - end for n in range(len(own))]) for own in words
    ]


def _without(words: Sequence[str], common: Sequence[bool]) -> str:
    """The words that are not in common, with a sign for each run of those that are."""
    runs = groupby(zip(words, common, strict=True), key=itemgetter(1))
    parts = [MORE if out else "".join(word for word, _ in run) for out, run in runs]
    # Behind the sign the separator of a word says nothing.
    text = "".join(part if n == 0 else part.lstrip(" _./-") for n, part in enumerate(parts))
    return re.sub(rf"[,;:]+(?={MORE})", "", text)


def _shortened(text: str, room: float, size: float, *, headed: bool) -> str:
    """The end of a text; with `headed`, half of the room is for its beginning."""
    # From the longest on: widths of letters differ, so the first that fits is found by trying.
    for length in range(len(text) - 1, 0, -1):
        head = text[: length - length // 2].rstrip() if headed else ""
        tail = text[len(text) - (length // 2 if headed else length) :].lstrip()
        if width(head + MORE + tail, size) <= room:
            return head + MORE + tail
    return MORE


def broken(text: str, room: float, size: float) -> list[str]:
    """The text in lines of whole words; a word that is wider than a line is cut."""
    lines = [""]
    for word in text.split():
        whole = f"{lines[-1]} {word}".strip()
        if width(whole, size) <= room:
            lines[-1] = whole
            continue
        pieces = list(_pieces(word, room, size))
        lines = [line for line in [*lines, *pieces] if line]
    return lines


def _pieces(word: str, room: float, size: float) -> list[str]:
    """A word cut into pieces that fit on a line, at a sign between its parts if it has one."""
    pieces = [""]
    for letter in word:
        # A piece has at least one letter, even where the room is narrower than that.
        if pieces[-1] and width(pieces[-1] + letter, size) > room:
            head = re.match(r".*[_./…-](?=.)", pieces[-1] + letter)
            # A part of half a line at least, so that a word has few lines.
            cut = head.end() if head and width(head[0], size) > room / 2 else len(pieces[-1])
            pieces[-1:] = [pieces[-1][:cut], pieces[-1][cut:]]
        pieces[-1] += letter
    return pieces
