"""A reduction that brings its worker to grief in training, as often as the environment says."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import torch

from study.models.parts.reductions import REDUCTIONS, Average

FATAL = int(os.environ.get("DRILL_STEP", "12"))  # of a worker's steps; an epoch has four


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def leave() -> None:
    os._exit(7)


def hang() -> None:
    time.sleep(10_000)


def eat() -> None:
    eaten = []
    while True:
        eaten.append(torch.ones(64 << 20))


WAYS = {"crashes": crash, "leaves": leave, "hangs": hang, "eats all memory": eat}


class Bad(Average):
    def __init__(self, channels: int, ratio: int, **dd: Any) -> None:
        super().__init__(channels, ratio, **dd)
        self.steps = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.steps += self.training
        if self.steps == FATAL and sys.argv[1:2] == ["worker"]:
            log = Path(os.environ.get("DRILL_LOG", os.devnull))
            done = log.read_text() if log.exists() else ""
            if len(done) < int(os.environ.get("DRILL_TIMES", "0")):
                log.write_text(done + "x")
                WAYS[os.environ["DRILL"]]()
        return super().forward(x)


REDUCTIONS["bad"] = Bad
