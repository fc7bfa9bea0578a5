"""The catalogue: what is measured, how it is printed, which direction is better.

Values are stored in base units (counts, bytes, seconds, fractions) and scaled where they are
printed. Nothing here imports torch or numpy, so that a command line can start without them.
"""

from collections.abc import Mapping

from study.spec.metric import Catalogue, Metric

KINDS = ("conv", "linear", "matmul", "norm")
"""Kinds of multiply-adds; of the two products, `linear` has an operand that is weights."""

RULES = {
    "conv+linear": ("conv", "linear"),
    "conv+linear+matmul": ("conv", "linear", "matmul"),
    "all": KINDS,
}
"""Which kinds a total counts. Papers quote any of them, and one table must not mix them."""


COSTS = {
    "params": Metric("Params", "M", 1e-6, 2, better="lower", kind="cost"),
    "macs": Metric("MACs (all)", "G", 1e-9, 3, better="lower", kind="cost"),
    "macs_conv_linear": Metric("MACs (conv+linear)", "G", 1e-9, 3, better="lower", kind="cost"),
    "macs_matmul": Metric("MACs (matmul)", "G", 1e-9, 3, better="lower", kind="cost"),
    "activations": Metric("Activations", "M", 1e-6, 1, better="lower", kind="cost"),
}

SPEEDS = {
    "throughput": Metric(
        "Throughput", "images/s", 1, 0, better="higher", kind="speed", batched=True
    ),
    "train_throughput": Metric("Training", "images/s", 1, 0, better="higher", kind="speed"),
    "latency_p50": Metric("Latency p50", "ms", 1e3, 2, better="lower", kind="speed"),
    "latency_p90": Metric("Latency p90", "ms", 1e3, 2, better="lower", kind="speed"),
    "latency_p99": Metric("Latency p99", "ms", 1e3, 2, better="lower", kind="speed"),
    "energy": Metric("Energy", "mJ/image", 1e3, 1, better="lower", kind="speed"),
    "memory": Metric("Peak memory", "MB", 1e-6, 1, better="lower", kind="speed"),
    "inference_memory": Metric(
        "Inference memory", "MB", 1e-6, 1, better="lower", kind="speed", batched=True
    ),
}


def catalogue(qualities: Mapping[str, Metric]) -> Catalogue:
    """The metrics of a task by name: the costs, its qualities, and the speeds."""
    return Catalogue({**COSTS, **qualities, **SPEEDS})
