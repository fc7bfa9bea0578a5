"""The size of a model's images in pixels: one number for a square, else height and width."""

import math

ImageSize = int | tuple[int, int]
"""The side of a square, or (height, width) where they differ: every size has one value."""

SMALLEST, LARGEST = 8, 4096  # pixels a side


def of_sides(height: int, width: int) -> ImageSize:
    return height if height == width else (height, width)


def sides(size: ImageSize) -> tuple[int, int]:
    """Height and width."""
    return (size, size) if isinstance(size, int) else size


def mean_side(size: ImageSize) -> float:
    """The side of the square that has as many pixels."""
    return size if isinstance(size, int) else math.sqrt(size[0] * size[1])


def plain(size: ImageSize) -> int | list[int]:
    """The value that a study file has."""
    return size if isinstance(size, int) else list(size)


def written(size: ImageSize) -> str:
    """96, or 96x128 (height x width): in names of metrics and of files, and in options."""
    return "x".join(map(str, (size,) if isinstance(size, int) else size))


def printed(size: ImageSize) -> str:
    """96, or 96×128 (height × width): in tables and captions."""
    return written(size).replace("x", "×")


def parsed(text: str) -> ImageSize | None:
    """The size that `written` gives as this text, 96x96 for 96 as well; None for other texts."""
    parts = text.split("x")
    # Digits of ASCII alone, and few of them, since int() refuses texts of thousands of digits.
    digits = all(part.isascii() and part.isdigit() and len(part) <= 4 for part in parts)
    if not digits or len(parts) > 2 or any(part.startswith("0") for part in parts):
        return None
    height, width = int(parts[0]), int(parts[-1])
    fits = all(SMALLEST <= side <= LARGEST for side in (height, width))
    return of_sides(height, width) if fits else None
