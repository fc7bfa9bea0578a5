"""A draft of a study file, and the texts that all of them share."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

CHECK = "# CHECK:"
"""Begins a comment on what the user has to decide."""


@dataclass(frozen=True)
class Draft:
    """The text of a study file, the name of its file, and what it is made of."""

    text: str
    name: str
    about: str


def scalar(value: object) -> str:
    """A value as YAML; a text is quoted unless it is plainly one, and a list takes one line."""
    from study.spec.yaml import written

    if isinstance(value, list):
        return f"[{', '.join(map(scalar, value))}]"
    if isinstance(value, str) and not value.isprintable():
        return json.dumps(value)
    return written(value).removesuffix("\n...\n").removesuffix("\n")


def comment(text: str) -> str:
    """The text of a comment: in one line, as the next would be YAML that a file has written."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def flow(words: Iterable[str], indent: int, width: int = 96) -> str:
    """YAML texts as a list, in lines that are no longer than `width`."""
    lines, line = list[str](), " " * indent + "["
    for word in words:
        if len(line) + len(word) > width and line.strip() != "[":
            lines.append(line.rstrip())
            line = " " * (indent + 1)
        line += f"{word}, "
    return "\n".join([*lines, line.removesuffix(", ") + "]"]).lstrip()
