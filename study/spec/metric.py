"""A metric, and the catalogue of all metrics that a study may use."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from study.spec.image_size import ImageSize, parsed, printed, written
from study.spec.reading import Reading

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

    batched: bool = False
    """True for a speed whose name may end in a batch size, as in `throughput@b8`."""

    reading: Reading | None = field(default=None, repr=False)
    """Where the trials of a user's program leave it."""

    digits_given: bool = field(default=False, repr=False)
    """True if the study file gives the decimals, which no table rounds away then."""

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
    def is_fraction(self) -> bool:
        """True for a quality between 0 and 1 that is printed in per cent."""
        return self.kind == "quality" and self.unit == "%" and self.scale == 100

    @property
    def difference_unit(self) -> str:
        """The unit of a difference: percentage points for percentages."""
        return "pp" if self.unit == "%" else self.unit


class Catalogue(dict[str, Metric]):
    """Metrics by name; `top1@96` is top1 of the same weights on images of 96 px, `top1@96x128` on
    images 96 px high and 128 px wide, `throughput@b8` the throughput with batches of 8, and
    `throughput@b8@fast` that of the fast path."""

    def __missing__(self, name: str) -> Metric:
        # Names with a size are built on request: the catalogue lists base names only.
        base, size = sized(name)
        if size is not None and base in self and self[base].of is not None:
            return replace(self[base], label=f"{self[base].label} at {printed(size)} px")
        base, fast = of_path(name)
        if fast and not base.endswith(FAST) and base in self and self[base].batched:
            return replace(self[base], label=f"{self[base].label}, fast path")
        base, batch = of_batch(name)
        # In this order alone, so that a metric has one name.
        if batch is not None and base in self.keys() and self[base].batched:
            return replace(self[base], label=f"{self[base].label}, batch {batch}")
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str) or "@" not in name:
            return super().__contains__(name)
        try:
            return bool(self[name])
        except KeyError:
            return False


MOST_IMAGES = 65_536  # in a batch


def sized(name: str) -> tuple[str, ImageSize | None]:
    """A metric's name without its image size, and that size in pixels."""
    base, _, text = name.partition("@")
    size = parsed(text)
    # Not 96x96 for 96, so that a metric has one name.
    return (base, size) if size is not None and written(size) == text else (name, None)


FAST = "@fast"


def of_path(name: str) -> tuple[str, bool]:
    """A metric's name without its path, and True if that is the fast one."""
    return name.removesuffix(FAST), name.endswith(FAST)


def of_batch(name: str) -> tuple[str, int | None]:
    """A metric's name without its batch size, and that number of images."""
    base, _, size = name.partition("@b")
    # The length first, since int() refuses texts of thousands of digits; no leading zeros, so that
    # a number has one name.
    digits = size.isascii() and size.isdigit() and len(size) <= len(str(MOST_IMAGES))
    fits = digits and 1 <= int(size) <= MOST_IMAGES and str(int(size)) == size
    return (base, int(size)) if fits else (name, None)
