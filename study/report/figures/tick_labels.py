"""Labels of levels below an axis, upright where they are too long to stand side by side."""

from typing import NamedTuple

from study.report.figures.text_fit import broken, width, wrapped

LINE = 9.5  # points: height of a line of a tick label
UPRIGHT = 110  # points: longest line of an upright tick label


class TickLabels(NamedTuple):
    """Labels of the levels below the axis."""

    texts: list[str]
    rotation: int
    """Degrees: 0 or 90."""
    height: float
    """Inches that the labels take below the axis."""


def tick_labels(order: list[str], axis: float) -> TickLabels:
    """Labels of the levels, upright if they are too long to stand side by side."""
    slot = axis / len(order) - 4
    # A word that is wider than its slot would be cut; upright labels have more room.
    longest = max((width(word, 7.5) for label in order for word in label.split()), default=0)
    texts = [wrapped(label, slot) for label in order]
    if longest <= slot and all(len(broken(label, slot, 7.5)) <= 3 for label in order):
        texts = [wrapped(label, slot, lines=3) for label in order]
        return TickLabels(texts, 0, max(text.count("\n") + 1 for text in texts) * LINE / 72)
    texts = [wrapped(label, UPRIGHT, lines=max(1, min(4, int(slot / LINE)))) for label in order]
    lines = [width(line, 7.5) for text in texts for line in text.split("\n")]
    return TickLabels(texts, 90, max(lines) / 72)
