"""Which files are pictures by their names, and which files and folders nobody means to be read."""

import os
import re
from collections.abc import Iterable, Mapping
from functools import cache

COMMON = (".png", ".jpg", ".jpeg")  # the kinds that timm's readers know
SYSTEM = ("thumbs.db", "desktop.ini", "__macosx", "@eadir", "lost+found")
BESIDE = frozenset(
    (
        *(".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml"),
        *(".html", ".log", ".ini", ".cfg", ".toml", ".py", ".sh", ".md5", ".sha1", ".sha256"),
    )
)
"""Text that published data sets keep beside their pictures; it is never a picture."""
UNDECODED = ("BUFR", "GRIB", "HDF5", "WMF", "MPEG", "EPS")
"""Formats that Pillow recognises and cannot decode by itself; EPS would run Ghostscript."""
CODECS = {"AVIF": "avif", "JPEG": "jpg", "JPEG2000": "jpg_2000", "PNG": "zlib", "WEBP": "webp"}
"""The library that Pillow may have been built without, by format."""


def kind(name: str) -> str:
    """The extension in lower case, with its dot; "" where there is none."""
    dot = name.rfind(".")  # a file that begins with its only dot is hidden and has no extension
    return name[dot:].lower() if dot > name.rfind("/") + 1 else ""


def is_picture(name: str) -> bool:
    """Whether Pillow reads files that are called so."""
    return is_readable(kind(name))


def is_readable(ending: str) -> bool:
    """Whether Pillow reads files with this extension."""
    return ending in COMMON or ending in _readable()  # most folders need no other plugin of Pillow


def is_hidden(name: str) -> bool:
    """Hidden files and folders, those of macOS, Windows and file servers among them."""
    return name.startswith(".") or name.lower() in SYSTEM


@cache
def _readable() -> frozenset[str]:
    """Every extension whose format Pillow can open and decode on this machine."""
    from PIL import Image, features

    known = Image.registered_extensions()
    absent = {name for name, codec in CODECS.items() if not features.check(codec)}
    opened = Image.OPEN.keys() - absent - set(UNDECODED)
    return frozenset(ending for ending, name in known.items() if name in opened)


def natural(text: str) -> list[int | str]:
    """The order of timm's readers: numbers by their value, letters without regard to case."""
    parts = re.split(r"(\d+)", text.lower())
    return [int(part) if part.isdecimal() else part for part in parts]


def counted(counts: Mapping[str, int]) -> str:
    """Files by kind, as in "12 .heic, 1 without an extension"."""
    named = ((count, ending or "without an extension") for ending, count in sorted(counts.items()))
    return ", ".join(f"{count} {ending}" for count, ending in named)


def listed(names: Iterable[str], most: int = 6) -> str:
    """The first names, and how many more there are."""
    every = [shown(name) for name in names]
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def shown(name: str | os.PathLike[str]) -> str:
    """A file's name as text that can be printed anywhere, whatever its bytes are."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
