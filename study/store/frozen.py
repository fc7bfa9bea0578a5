"""The base of all records that the store keeps as JSON: checked when read, frozen from then on.

Keys that a class does not name are kept as they are, because a later version may add some. A key
that is absent in a file stays absent when the record is written again.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from study.errors import DamagedError
from study.store import atomic


class Frozen(BaseModel):
    """A record of the store."""

    # strict: a text that looks like a number is damage. The last setting allows fields model_*.
    model_config = ConfigDict(extra="allow", strict=True, frozen=True, protected_namespaces=())

    @classmethod
    def checked(cls, plain: atomic.Record) -> Self:
        """A parsed JSON object as a record of this class.

        Raises:
            DamagedError: it is none; the message names the first key that is wrong.
        """
        try:
            return cls.model_validate(plain)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            # Cut, since a damaged file may hold anything, and the message goes to a terminal.
            place = ".".join(map(str, first["loc"]))
            raise DamagedError(f"{place[:200]}: {first['msg'][:200]}") from error

    @classmethod
    def parsed(cls, content: bytes) -> Self:
        """The content of a file as a record of this class. Raises DamagedError as `checked`."""
        return cls.checked(atomic.record(content))

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """The record in a file, or None without one; a damaged file is set aside with a warning."""
        return atomic.read_checked(path, cls.parsed)

    @classmethod
    def look(cls, path: Path) -> Self | None:
        """The record in a file, or None without one; a damaged file stays where it is."""
        try:
            return cls.parsed(atomic.content(path))
        except (OSError, DamagedError):
            return None

    def model_copy(self, *, update: Mapping[str, object] | None = None, deep: bool = False) -> Self:
        """A copy with other values of some fields.

        Raises:
            TypeError: the class has no such field; a misspelt one would be stored as an extra key.
        """
        if unknown := (update or {}).keys() - type(self).model_fields.keys():
            raise TypeError(f"{type(self).__name__} has no field {', '.join(sorted(unknown))}")
        return super().model_copy(update=update, deep=deep)

    @property
    def plain(self) -> atomic.Record:
        """The record as JSON has it, with the keys that it was made with."""
        return self.model_dump(exclude_unset=True)
