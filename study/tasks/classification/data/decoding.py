"""Decode image files into the channels that the model takes."""

from typing import IO

import numpy as np
from PIL import Image

from study.errors import DataError
from study.tasks.classification.schema import Data

DEEP = ("I", "F")  # first letters of Pillow's modes of 16 and 32 bits


def decoded(stream: IO[bytes], name: str, data: Data) -> Image.Image:
    """The image in a file, in mode L or RGB.

    Raises:
        DataError: the file is broken or too large, or has deep values and no grey_range is set.
    """
    try:
        with stream:
            picture = Image.open(stream)
            # `open` reads the header alone; `load` decodes, for which the stream must be open.
            picture.load()
        return as_given(picture, name, data)
    except DataError:
        raise
    except Exception as error:  # Pillow's decoders raise almost any type
        why = str(error) or type(error).__name__
        raise DataError(f"{name} cannot be decoded ({why}); repair or remove it") from error


def as_given(picture: Image.Image, name: str, data: Data) -> Image.Image:
    """Convert an image to the mode that the model takes.

    Grey values of 16 and 32 bits are scaled from `grey_range`, where Pillow would clip them to 255.
    """
    mode = "L" if data.in_chans == 1 else "RGB"
    if picture.mode == mode:
        return picture
    # The other modes (palette, alpha, CMYK ...) hold at most 8 bits per channel.
    if not picture.mode.startswith(DEEP):
        return picture.convert(mode)
    # Mode I has integers of 32 bits, which float32 would round.
    values = np.asarray(picture, dtype=np.float64)
    if data.grey_range is None:
        raise DataError(
            f"{name} is a grey picture of 16 or 32 bits (mode {picture.mode}, values "
            f"{values.min():g} to {values.max():g}): give data.grey_range: [BLACK, WHITE], such as "
            "[0, 65535] or the scanner's, or convert it to 8 bits"
        )
    if not np.isfinite(values).all():
        raise DataError(f"{name} has values that are no finite numbers; repair or remove it")
    low, high = data.grey_range
    scaled = ((values - low) / (high - low)).clip(0, 1) * 255
    return Image.fromarray(scaled.round().astype(np.uint8)).convert(mode)
