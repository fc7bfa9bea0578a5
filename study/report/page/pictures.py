"""Printed figures inside the page, as pictures that take few bytes."""

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from markupsafe import Markup

from study.report.figures import ReportFigure, svg


class Picture(NamedTuple):
    """A figure as an `img` element, and its heading."""

    title: str
    image: Markup


class Pictures(NamedTuple):
    """The pictures of a study, and the names of the figures that the page has no room for."""

    shown: tuple[Picture, ...]
    left_out: tuple[str, ...]


NONE = Pictures((), ())


def pictures(figures: Sequence[tuple[str, ReportFigure]], most: int) -> Pictures:
    """The figures, each with its kind, as `img` elements of `most` bytes together."""
    shown, left_out, size = list[Picture](), list[str](), 0
    for kind, figure in figures:
        image = _image(figure)
        # A smaller one may still fit after one that does not.
        if size + len(image) > most:
            left_out.append(figure.name)
        else:
            shown.append(Picture(TITLES[kind], image))
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


TITLES = {
    "levels": "Quality over the levels of a factor",
    "speed": "Speed relative to the baseline",
    "cost": "Multiply-adds of the arms",
    "resolution": "Quality and cost over the image size",
    "published": "Measured against published numbers",
    "interactions": "Interactions of factors",
    "factors": "Effects of factors",
    "roadmap": "Step by step",
    "tuning": "Expected best objective over trials",
    "search": "Candidates of the search",
    "contact_sheets": "Images with their predictions",
}
"""Headings of printed figures by kind."""
