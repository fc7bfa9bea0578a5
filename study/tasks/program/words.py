"""The words of a command: texts with {placeholders} that each trial fills in."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from string import Formatter

from study.errors import StudyError

GIVEN = ("seed", "folder", "metrics", "device", "devices", "threads", "port")
"""Placeholders that every trial has, beside the names of `args`."""

SCRIPTS = (".py", ".sh", ".awk", ".pl", ".rb", ".jl", ".r", ".lua", ".js")
"""Endings of words that are files of a program."""


class WordError(StudyError):
    """A word of a command that cannot be filled in."""


def names(word: object) -> list[str]:
    """The names in a word. Raises WordError where its brackets are no placeholders."""
    return [name for _, name in _pieces(word) if name is not None]


def filled(word: object, values: Mapping[str, object]) -> list[str]:
    """The words that a word stands for: several where its whole text is the name of a list.

    Raises:
        WordError: a list stands inside a longer text.
    """
    pieces = _pieces(word)
    # So that a switch can be a level: [] for none, and [--flag, value] for one.
    if len(pieces) == 1 and pieces[0][0] == "" and pieces[0][1] is not None:
        value = values[pieces[0][1]]
        return [text(item) for item in value] if isinstance(value, list) else [text(value)]
    parts = []
    for before, name in pieces:
        if name is not None and isinstance(values[name], list):
            raise WordError(f"{name} is a list, which is a word of its own: write {{{name}}} alone")
        parts += [before, text(values[name]) if name is not None else ""]
    return ["".join(parts)]


def name(command: Sequence[str]) -> str:
    """The name of the program of a command: of its script or module, else of what is started."""
    for before, word in zip(["", *command], command, strict=False):
        if word.lower().endswith(SCRIPTS) and not names(word):
            return PurePath(word).name
        if before == "-m":
            return word
    return PurePath(command[0]).name if command else "a program"


def text(value: object) -> str:
    """A value as a word of a command: numbers as Python writes them, true and false as YAML."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def command(words: Iterable[object], values: Mapping[str, object]) -> list[str]:
    """A command with its values."""
    return [part for word in words for part in filled(word, values)]


def _pieces(word: object) -> list[tuple[str, str | None]]:
    """The literal texts of a word, each with the name that follows it."""
    if not isinstance(word, str):  # a number in YAML
        return [(text(word), None)]
    try:
        pieces = list(Formatter().parse(word))
    except ValueError as error:
        raise WordError(f"{error}; write {{{{ and }}}} for brackets themselves") from None
    # Formats and attributes would hide from the plan what a word depends on.
    for _, name, form, conversion in pieces:
        if name is not None and (form or conversion or not name.isidentifier()):
            raise WordError(
                "a placeholder is a name in brackets; write {{ and }} for brackets themselves"
            )
    return [(before, name) for before, name, _, _ in pieces]
