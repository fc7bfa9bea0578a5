"""Images by name, in batches that depend on seed and epoch alone."""

from study.data.images import Images, load

__all__ = ["Images", "load"]
