"""Images by name, in batches that depend on seed and epoch alone."""

from study.data.images import Images, Validation, load, validation
from study.data.sources import evaluated_split

__all__ = ["Images", "Validation", "evaluated_split", "load", "validation"]
