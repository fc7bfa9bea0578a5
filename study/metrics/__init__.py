"""The catalogue: what is measured, how it is printed, which direction is better.

Values are stored in base units (counts, bytes, seconds, fractions) and scaled where they are
printed. Nothing here imports torch or numpy, so that a command line can start without them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from study.metrics import quality
from study.metrics.quality import Predictions

KINDS = ("conv", "linear", "matmul", "norm")
"""Kinds of multiply-adds; of the two products, `linear` has an operand that is weights."""

RULES = {
    "conv+linear": ("conv", "linear"),
    "conv+linear+matmul": ("conv", "linear", "matmul"),
    "all": KINDS,
}
"""Which kinds a total counts. Papers quote any of them, and one table must not mix them."""


@dataclass(frozen=True)
class Metric:
    label: str
    unit: str
    """The unit of the printed value, which is the stored value times `scale`."""
    scale: float
    digits: int
    better: Literal["higher", "lower"]
    kind: Literal["cost", "quality", "speed"]
    exact: bool = False
    """The same for every seed and machine: printed without a spread."""
    of: Callable[[Predictions], float | None] | None = None
    """A quality's function of the predictions; costs and speeds are counted and timed."""

    @property
    def difference_unit(self) -> str:
        """The unit of a difference: percentage points for percentages."""
        return "pp" if self.unit == "%" else self.unit


class Catalogue(dict[str, Metric]):
    """Metrics by name; `top1@96` is top1 of the same weights on images of 96 px."""

    def __missing__(self, name: str) -> Metric:
        # Names with a size are built on request: the catalogue lists base names only.
        base, size = sized(name)
        if size is None or base not in self or self[base].kind != "quality":
            raise KeyError(name)
        return replace(self[base], label=f"{self[base].label} at {size} px")

    def __contains__(self, name: object) -> bool:
        try:
            return isinstance(name, str) and self[name] is not None
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


METRICS = Catalogue(
    {
        "params": Metric("Params", "M", 1e-6, 2, better="lower", kind="cost", exact=True),
        "macs": Metric("MACs (all)", "G", 1e-9, 3, better="lower", kind="cost", exact=True),
        "macs_conv_linear": Metric(
            "MACs (conv+linear)", "G", 1e-9, 3, better="lower", kind="cost", exact=True
        ),
        "macs_matmul": Metric(
            "MACs (matmul)", "G", 1e-9, 3, better="lower", kind="cost", exact=True
        ),
        "activations": Metric("Activations", "M", 1e-6, 1, better="lower", kind="cost", exact=True),
        "top1": Metric("Top-1", "%", 100, 2, "higher", "quality", of=quality.top1),
        "top5": Metric("Top-5", "%", 100, 2, "higher", "quality", of=quality.top5),
        "loss": Metric("Loss", "nats", 1, 3, "lower", "quality", of=quality.loss),
        "balanced_accuracy": Metric(
            "Balanced accuracy", "%", 100, 2, "higher", "quality", of=quality.balanced_accuracy
        ),
        "macro_f1": Metric("Macro F1", "%", 100, 2, "higher", "quality", of=quality.macro_f1),
        "auroc": Metric("AUROC", "%", 100, 2, "higher", "quality", of=quality.auroc),
        "ece": Metric("ECE", "%", 100, 2, "lower", "quality", of=quality.ece),
        "nll": Metric("NLL", "nats", 1, 3, "lower", "quality", of=quality.loss),
        "throughput": Metric("Throughput", "images/s", 1, 0, better="higher", kind="speed"),
        "train_throughput": Metric("Training", "images/s", 1, 0, better="higher", kind="speed"),
        "latency_p50": Metric("Latency p50", "ms", 1e3, 2, better="lower", kind="speed"),
        "latency_p90": Metric("Latency p90", "ms", 1e3, 2, better="lower", kind="speed"),
        "latency_p99": Metric("Latency p99", "ms", 1e3, 2, better="lower", kind="speed"),
        "energy": Metric("Energy", "mJ/image", 1e3, 1, better="lower", kind="speed"),
        "memory": Metric("Peak memory", "MB", 1e-6, 1, better="lower", kind="speed"),
    }
)


def qualities(predictions: Predictions) -> dict[str, float | None]:
    """Every quality of the catalogue, in base units; None where it cannot be computed."""
    return {name: metric.of(predictions) for name, metric in METRICS.items() if metric.of}
