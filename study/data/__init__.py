"""Images by name, in batches that depend on seed and epoch alone.

What lists files needs no torch, so what reads pictures is imported when it is first used.
"""

from typing import TYPE_CHECKING, Any

from study.data.places import evaluated_split

if TYPE_CHECKING:
    from study.data.images import Images, Validation, load, validation

__all__ = ["Images", "Validation", "evaluated_split", "load", "validation"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from study.data import images

        return getattr(images, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
