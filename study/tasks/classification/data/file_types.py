"""File types by name: images, other files of a data set, hidden files and folders."""

import re
from collections.abc import Iterable, Mapping
from functools import cache

from study.text import path_text

COMMON = (".png", ".jpg", ".jpeg")  # extensions that timm's readers know
# Of Windows, of archives made by macOS, of Synology's servers, and of ext file systems.
SYSTEM = ("thumbs.db", "desktop.ini", "__macosx", "@eadir", "lost+found")
# fmt: off
TEXT_FILES = frozenset((
    ".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml",
    ".html", ".log", ".ini", ".cfg", ".toml", ".py", ".sh", ".md5", ".sha1", ".sha256",
))
# fmt: on
"""Extensions of text files that published data sets keep beside their images."""
UNDECODED = ("BUFR", "GRIB", "HDF5", "WMF", "MPEG", "EPS")
"""Formats that Pillow recognises and cannot decode by itself; EPS would run Ghostscript."""
CODECS = {"AVIF": "avif", "JPEG": "jpg", "JPEG2000": "jpg_2000", "PNG": "zlib", "WEBP": "webp"}
"""The library that Pillow may have been built without, by format."""


def kind(name: str) -> str:
    """The extension in lower case, with its dot; "" where there is none."""
    dot = name.rfind(".")  # a file that begins with its only dot is hidden and has no extension
    return name[dot:].lower() if dot > name.rfind("/") + 1 else ""


def is_picture(name: str) -> bool:
    """True if Pillow can read a file of this name."""
    return is_readable(kind(name))


def is_readable(ending: str) -> bool:
    """True if Pillow can read files with this extension."""
    return (
        ending in COMMON or ending in _readable()
    )  # COMMON first, so that most folders load no further Pillow plugin


def is_hidden(name: str) -> bool:
    """True for hidden files and folders, also those of macOS, Windows and file servers."""
    return name.startswith(".") or name.lower() in SYSTEM


@cache
def _readable() -> frozenset[str]:
    """Every extension whose format Pillow can open and decode on this machine."""
    from PIL import Image, features

    formats = Image.registered_extensions()
    absent = {name for name, codec in CODECS.items() if not features.check(codec)}
    opened = Image.OPEN.keys() - absent - set(UNDECODED)
    return frozenset(ending for ending, name in formats.items() if name in opened)


def natural(text: str) -> list[int | str]:
    """Sort key of timm's readers: numbers by value, letters without regard to case."""
    parts = re.split(r"(\d+)", text.lower())
    # Not isdigit, which timm uses: it is true of "²", which int refuses.
    return [int(part) if part.isdecimal() else part for part in parts]


def counted(counts: Mapping[str, int]) -> str:
    """File counts as text: "12 .heic, 1 without an extension"."""
    named = ((count, ending or "without an extension") for ending, count in sorted(counts.items()))
    return ", ".join(f"{count} {ending}" for count, ending in named)


def first_names(names: Iterable[str], most: int = 6) -> str:
    """The first names as text, and the number of further names."""
    every = [path_text(name) for name in names]
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
