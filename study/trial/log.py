"""The log of a trial, a line for every message of its training."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from study.store.records import EpochRow
from study.trial.callbacks import Message


class LogFile:
    """Passes on what training reports and appends it to the trial's log."""

    def __init__(self, path: Path, report: Callable[[Message], None]) -> None:
        self.path, self.report = path, report

    def __call__(self, message: Message) -> None:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        values = message.plain if isinstance(message, EpochRow) else message
        text = " ".join(f"{key}={_short(value)}" for key, value in values.items())
        with suppress(OSError), open(self.path, "a", encoding="utf-8", opener=_appending) as file:
            file.write(f"{stamp} {text}\n")  # a full disk is reported where results are written
        self.report(message)


def _appending(path: str, flags: int) -> int:
    """Opens a file, and does not wait for the reader of a pipe."""
    return os.open(path, flags | os.O_NONBLOCK, 0o666)


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
