"""JSON read piece by piece: the entries of its lists one at a time, in little memory.

Parsed whole, COCO's annotations are several GB of Python objects. The standard library has no
parser of streams; its decoder reads one value from a text, which is all that is needed here.
"""

import json
from collections.abc import Iterator
from typing import TextIO

PIECE = 2**20  # characters
SPACE = " \t\n\r"


class UnreadableError(Exception):
    """A file without annotations that can be read; the message is the end of a sentence."""


class JsonStream:
    """An object of JSON in a text file."""

    def __init__(self, file: TextIO) -> None:
        self.file, self.decode = file, json.JSONDecoder().raw_decode
        self.text, self.at, self.dropped = "", 0, 0

    def names(self) -> Iterator[str]:
        """The keys in their order; read the value of each by `value` or `entries` before the next.

        Raises:
            UnreadableError: the text is not JSON, or no object.
        """
        if self.next() != "{":
            raise UnreadableError("is not in COCO's form: it has no images and annotations")
        self.at += 1
        comma = False
        while self.take(",}" if comma else "}", optional=not comma) != "}":
            key = self.value()
            if not isinstance(key, str):
                raise self.error("Expecting property name enclosed in double quotes")
            self.take(":")
            yield key
            comma = True
        # Two files that were joined by mistake.
        if self.next():
            raise self.error("Extra data")

    def entries(self) -> Iterator[object]:
        """The entries of a list."""
        self.take("[")
        comma = False
        while self.take(",]" if comma else "]", optional=not comma) != "]":
            yield self.value()
            comma = True

    def value(self) -> object:
        """The next value, whole."""
        self.next()
        while True:
            try:
                value, end = self.decode(self.text, self.at)
            except json.JSONDecodeError as error:
                if self.more():
                    continue
                self.at = error.pos
                raise self.error(error.msg) from None
            except RecursionError:
                raise UnreadableError("is nested too deeply to be COCO's JSON") from None
            if end < len(self.text) or not self.more():  # a number may go on in the next piece
                self.at = end
                return value

    def next(self) -> str:
        """The next character that is no space, which stays; "" at the end."""
        while True:
            while self.at < len(self.text):
                if self.text[self.at] not in SPACE:
                    return self.text[self.at]
                self.at += 1
            if not self.more():
                return ""

    def take(self, characters: str, *, optional: bool = False) -> str:
        """The next character, which is one of these; "" for another one if optional."""
        character = self.next()
        if character and character in characters:
            self.at += 1
            return character
        if optional and character:
            return ""
        raise self.error(f"Expecting {' or '.join(characters)}")

    def more(self) -> bool:
        """Read a piece; False at the end."""
        try:
            piece = self.file.read(PIECE)
        except UnicodeDecodeError as error:
            raise UnreadableError(f"is no text in UTF-8: {error.reason}") from None
        if piece:
            # Only what was not read yet is held, and the new piece.
            self.dropped += self.at
            self.text, self.at = self.text[self.at :] + piece, 0
        return bool(piece)

    def error(self, message: str) -> UnreadableError:
        """The error at this place."""
        # A text without its closing quotation mark reaches the end of the file.
        ends = message.startswith("Unterminated") or not self.text[self.at :].strip()
        where = f"{message.removesuffix(' at')} at character {self.dropped + self.at + 1}"
        return UnreadableError(f"is not JSON: {where}{' (the file is cut off)' * ends}")
