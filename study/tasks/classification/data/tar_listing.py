"""List the files of a split that is a tar of class folders, or of one tar per class.

The tar is uncompressed, since images are read in place.
"""

import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple, cast

from study.tasks.classification.data.file_types import natural
from study.tasks.classification.data.image_files import Listing, Rules
from study.tasks.classification.data.scan import SplitScan


class Member(NamedTuple):
    """A file in a tar, or in a tar inside it."""

    path: str
    """The path, beginning with the name of the inner tar, which names the class."""
    own: str
    """The path inside its own tar, by which timm's reader sorts."""
    size: int
    start: int


def listing(place: Path, how: Rules) -> Listing:
    """The images of a tar in the order of timm's reader."""
    walk, own = _walked(place, how)
    pictures = sorted(walk.read(), key=lambda picture: natural(own[picture[0]]))
    return Listing(walk.summary(), tuple(pictures), packed=True)


def walked(place: Path, how: Rules) -> SplitScan:
    return _walked(place, how)[0]


def _walked(place: Path, how: Rules) -> tuple[SplitScan, dict[str, str]]:
    """The scan of a tar, and the path of each file inside its own tar.

    Raises:
        OSError: the file is no tar, or is truncated.
    """
    walk, own = SplitScan(str(place), how), dict[str, str]()
    try:
        with place.open("rb") as file:
            for member in _members(file, "", 0):
                own[member.path] = member.own
                if not any(walk.left_out(part, member.path) for part in member.path.split("/")):
                    walk.note(member.path, member.size, member.start)
    except (EOFError, tarfile.TarError) as error:
        raise OSError(str(error)) from error
    return walk, own


def _members(file: IO[bytes], inner: str, start: int) -> Iterator[Member]:
    """Yield the files of inner tars first, then those of the tar itself."""
    later = list[Member]()
    with tarfile.open(fileobj=file, mode="r:") as tar:
        while (info := tar.next()) is not None:
            cast(Any, tar).members.clear()  # else all headers of a large tar stay in memory
            path = str(PurePosixPath(info.path))
            if not info.isfile():
                continue
            # One level of inner tars, as timm reads them.
            if not inner and path.lower().endswith(".tar"):
                opened = tar.extractfile(info)
                assert opened is not None
                # The start of the inner tar in the outer one, so that all starts count from there.
                yield from _members(opened, PurePosixPath(path).stem, start + info.offset_data)
            else:
                whole = path if path.startswith(f"{inner}/") or not inner else f"{inner}/{path}"
                later.append(Member(whole, path, info.size, start + info.offset_data))
    yield from later
