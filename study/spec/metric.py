"""A metric, and the catalogue of all metrics that a study may use."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

Better = Literal["higher", "lower"]
Kind = Literal["cost", "quality", "speed"]


@dataclass(frozen=True)
class Metric:
    label: str
    unit: str
    """The unit of the printed value, which is the stored value times `scale`."""
    scale: float
    digits: int
    better: Better
    kind: Kind
    # Left out of repr(), which has the address of a function and enters a report's fingerprint.
    of: Callable[..., float | None] | None = field(default=None, repr=False)
    """A quality's function of the task's predictions; other metrics are told, counted or timed."""

    def __post_init__(self) -> None:
        """Refuse what no table could print; a plugin's metric is checked by no type checker."""
        for name, allowed in (("better", get_args(Better)), ("kind", get_args(Kind))):
            if getattr(self, name) not in allowed:
                words = " or ".join(allowed)
                raise ValueError(f"{name} of the metric {self.label} is {words}")

    @property
    def exact(self) -> bool:
        """True for a cost: the same for every seed and machine, and printed without a spread."""
        return self.kind == "cost"

    @property
    def difference_unit(self) -> str:
        """The unit of a difference: percentage points for percentages."""
        return "pp" if self.unit == "%" else self.unit


class Catalogue(dict[str, Metric]):
    """Metrics by name; `top1@96` is top1 of the same weights on images of 96 px."""

    def __missing__(self, name: str) -> Metric:
        # Names with a size are built on request: the catalogue lists base names only.
        base, size = sized(name)
        if size is None or base not in self or self[base].of is None:
            raise KeyError(name)
        return replace(self[base], label=f"{self[base].label} at {size} px")

    def __contains__(self, name: object) -> bool:
        try:
            return isinstance(name, str) and bool(self[name])
        except KeyError:
            return False


SMALLEST, LARGEST = 8, 4096  # pixels a side


def sized(name: str) -> tuple[str, int | None]:
    """A metric's name without its image size, and that size in pixels."""
    base, _, size = name.partition("@")
    # The length first, since int() refuses texts of thousands of digits; no leading zeros, so that
    # a size has one name.
    digits = size.isascii() and size.isdigit() and len(size) <= len(str(LARGEST))
    fits = digits and SMALLEST <= int(size) <= LARGEST and str(int(size)) == size
    return (base, int(size)) if fits else (name, None)
