"""The layout of the help, at any width of the terminal."""

from collections.abc import Iterable
from shutil import get_terminal_size

import click

WIDEST, MARGIN = 100, 2


class HelpFormatter(click.HelpFormatter):
    """Help that wraps at the width of the terminal; click's is 50 columns wide at least."""

    def __init__(self, **options: int | None) -> None:
        super().__init__(width=min(get_terminal_size().columns, WIDEST) - MARGIN)

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        # A longer name has a line of its own, and its text begins below it.
        super().write_dl(rows, min(col_max, self.width // 3), col_spacing)


class HelpContext(click.Context):
    """The context of a command whose help has this layout."""

    formatter_class = HelpFormatter
