"""An earlier name of `multiply_adds`, by which parts outside the package import `Cost`."""

from study.models.multiply_adds import Cost

__all__ = ["Cost"]
