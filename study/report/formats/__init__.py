"""Formats in which a table is written. Contract of an entry: format(table) -> text of a file."""

from collections.abc import Callable

from study.report.formats.csv import comma_separated
from study.report.formats.html import html
from study.report.formats.latex import fragment, latex, siunitx
from study.report.formats.latex_macros import numbers
from study.report.formats.markdown import markdown
from study.report.formats.terminal import terminal
from study.report.formats.typst import typst
from study.report.table import Table

__all__ = ["FORMATS", "html", "numbers", "terminal"]

FORMATS: dict[str, Callable[[Table], str]] = {
    "md": markdown,
    "tex": latex,
    "fragment.tex": fragment,
    "siunitx.tex": siunitx,
    "html": html,
    "csv": comma_separated,
    "typ": typst,
}
"""Formats by the ending of the file's name."""
