"""Zip archives with a digest: checkpoints and predictions, as torch and numpy write them.

The digest is the comment that zip allows at the end of an archive, so that torch, numpy and timm
read the file as before, and a file and its digest appear in one step.
"""

import hashlib
import os
import struct
import zipfile
import zlib
from io import BytesIO

from study.errors import DamagedError

MARK = b"sha256:"
"""Begins the comment; the digest is of all bytes before the comment."""
COMMENT = len(MARK) + 64  # bytes
END = 22  # bytes of the last header, without a comment; it ends with the length of the comment
UNREADABLE = (
    *(ValueError, LookupError, EOFError, OSError, OverflowError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)
"""What zipfile raises for an archive that is cut short or something else."""


def sealed(archive: BytesIO) -> bytes:
    """The content of an archive, with its digest."""
    archive.seek(-2, os.SEEK_END)
    archive.write(COMMENT.to_bytes(2, "little"))
    with archive.getbuffer() as written:
        digest = hashlib.sha256(written).hexdigest()
    archive.write(MARK + digest.encode())
    return archive.getvalue()


def checked(content: bytes) -> bytes:
    """The content of an archive as it was written.

    An archive without a digest is checked by the sums (CRC-32) that zip has of its members.

    Raises:
        DamagedError: it is not what was written.
    """
    comment = content[-COMMENT:]
    if comment.startswith(MARK):
        with memoryview(content) as written:
            digest = hashlib.sha256(written[:-COMMENT]).hexdigest()
        if digest.encode() != comment.removeprefix(MARK):
            raise DamagedError("its content does not agree with its digest")
        return content
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            wrong = archive.testzip()
    except UNREADABLE as error:
        raise DamagedError(f"it cannot be read as an archive ({error})") from error
    if wrong or not content[-END:].startswith(b"PK\5\6"):
        raise DamagedError(f"the sums of {wrong or 'its end'} do not agree")
    return content
