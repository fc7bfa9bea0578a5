"""Messages on stderr: in colour and wrapped at words on a terminal, plain lines elsewhere."""

import re
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.text import Text

STYLES = {"error:": "bold red", "note:": "cyan", "warning:": "yellow"}
"""Styles of the words by which a message begins."""
EXCERPT = r"^ *-->.*$|^ *\d* \|.*$|^ *= help:"
"""Lines that show a place in a study file."""
COMMAND = re.compile(r"^(.*(?:: |say ))(study .*)$")
"""A message that ends with a command to type."""


def message(text: str) -> None:
    """Print a message; on a terminal its sentences are wrapped at words."""
    if not sys.stderr.isatty():
        click.echo(text, err=True, color=True)  # escapes are for `streams` to show
        return
    # rich takes 0.1 s to import, which a pipe need not wait for.
    from study.cli.consoles import console_of

    out = console_of(sys.stderr)
    for line in _lines(text, out.width):
        # A terminal breaks an excerpt or a command itself, so that it is copied as one line.
        whole = line.startswith(" ") or re.match(EXCERPT, line) is not None
        out.print(_styled(line), soft_wrap=whole)


def _lines(text: str, width: int) -> list[str]:
    """The lines of a message; a command that ends a long one has its own line."""
    lines = list[str]()
    for line in text.split("\n"):
        # A command with a line break in it cannot be pasted.
        match = COMMAND.match(line) if len(line) > width else None
        lines += [match[1].rstrip(), f"  {match[2]}"] if match else [line]
    return lines


def _styled(line: str) -> "Text":
    from rich.text import Text

    styled = Text(line)
    word = line.partition(" ")[0]
    styled.stylize(STYLES.get(word, ""), 0, len(word))
    styled.highlight_regex(EXCERPT, "dim")
    styled.highlight_regex(r"\^+.*$" if "|" in line else r"(?!)", "not dim red")
    return styled
