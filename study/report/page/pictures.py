"""Printed figures inside the page, as pictures that take few bytes."""

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from markupsafe import Markup

from study.report.figures import ReportFigure, svg


class Pictures(NamedTuple):
    """The pictures of a study, and the names of the figures that the page has no room for."""

    shown: tuple[Markup, ...]
    left_out: tuple[str, ...]


NONE = Pictures((), ())


def pictures(figures: Sequence[ReportFigure], most: int) -> Pictures:
    """The figures as `img` elements of `most` bytes together."""
    shown, left_out, size = list[Markup](), list[str](), 0
    for figure in figures:
        image = _image(figure)
        # A smaller one may still fit after one that does not.
        if size + len(image) > most:
            left_out.append(figure.name)
        else:
            shown.append(image)
            size += len(image)
    return Pictures(tuple(shown), tuple(left_out))


def _image(drawing: ReportFigure) -> Markup:
    """An `img` element: ids and styles of an inline SVG would clash with those of other figures."""
    # HTML counts 96 pixels per inch.
    width, height = (round(96 * inches) for inches in drawing.figure.get_size_inches())
    # Percent encoding is a quarter shorter than base64, since most of it is digits.
    data = quote(_short(svg(drawing)), safe=" ='/:;,()!?&+-")
    return Markup('<img src="data:image/svg+xml,{}" width="{}" height="{}" alt="{}">').format(
        Markup(data.replace("&", "&amp;")), width, height, drawing.alt
    )


def _short(text: str) -> str:
    """The SVG with two decimals, in place of six, and single quotes, which need no escape.

    Numbers below 1 keep all: they are factors of transformations.
    """
    text = re.sub(r"(?<![\w.#])([1-9]\d*\.\d\d)\d+", r"\1", text)
    # Only text would have an apostrophe, and matplotlib draws text as paths.
    return text if "'" in text else text.replace('"', "'")
