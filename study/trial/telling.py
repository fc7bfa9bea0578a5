"""The function by which a program reports its metrics; it needs the standard library alone."""

import json
import os
from typing import SupportsFloat

METRICS = "STUDY_METRICS"
"""The variable that names the file of a trial's metrics."""


def tell(*, step: int | None = None, **metrics: SupportsFloat) -> None:
    """Report metrics of this step to the study whose trial this process is.

    Outside a trial, and in all but the first process of a distributed training, it does nothing.

        study.tell(step=100, val_loss=1.06)

    Raises:
        TypeError: a value is no number.
    """
    path = os.environ.get(METRICS)
    # torchrun and accelerate set RANK: every process would report the same step.
    if not path or os.environ.get("RANK", "0") != "0":
        return
    row = {} if step is None else {"step": int(step)}
    text = json.dumps(row | {name: float(value) for name, value in metrics.items()})
    # One write of a whole line at the end of the file, as other processes may write, too.
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(file, f"{text}\n".encode())
    finally:
        os.close(file)
