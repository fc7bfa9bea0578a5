"""A whole task: a trial is a closed-form function of its arguments and its seed."""

import math
import os
import random
import signal

from pydantic import Field

from study.spec.metric import Catalogue, Metric
from study.spec.schema.types import Strict
from study.store.records import EpochRow
from study.tasks import TASKS
from study.tasks.simple import SimpleTask
from study.trial.running import Finished, RunningTrial


class Arguments(Strict):
    """The arguments of the function."""

    rate: float = Field(gt=0)
    momentum: float = 0.0
    steps: int = Field(100, ge=1)
    reports: str = ""
    """A metric that is reported beside those of the task, if the study file declares it."""
    kills: bool = False
    """Kill the process of the first attempt half-way, after it has written how far it came."""


class Baseline(Strict):
    """The arguments that all arms depart from."""

    args: Arguments


class Toy(SimpleTask):
    """The height of a ball that rolls down a bowl, with noise of the seed."""

    baseline = Baseline
    declares_metrics = True
    catalogue = Catalogue(
        {
            "work": Metric("Work", "steps", 1, 0, better="lower", kind="cost"),
            "height": Metric("Height", "cm", 100, 2, better="lower", kind="quality"),
            "resumed": Metric("Resumed after", "steps", 1, 0, better="lower", kind="quality"),
        }
    )

    def cost(self, values):
        return {"work": values["args"].steps}

    def run(self, trial: RunningTrial) -> Finished:
        args, half = Arguments(**trial.record.config.parts["args"]), trial.folder / "half"
        resumed = int(half.read_text()) if half.exists() else 0
        if args.kills and not resumed:
            half.write_text(str(args.steps // 2))
            os.kill(os.getpid(), signal.SIGKILL)
        exponent = -args.rate * args.steps / (1 - args.momentum)
        height = math.exp(exponent) * random.Random(trial.record.seed).uniform(0.9, 1.1)
        row = EpochRow(epoch=0, height=height)
        declared = {args.reports: height**2} if args.reports else {}
        return Finished({"height": height, "resumed": resumed} | declared, history=[row])


TASKS["toy"] = Toy()
