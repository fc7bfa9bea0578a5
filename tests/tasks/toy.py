"""A whole task: a trial is a closed-form function of its arguments and its seed."""

import math
import random

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


class Baseline(Strict):
    """The arguments that all arms depart from."""

    args: Arguments


class Toy(SimpleTask):
    """The height of a ball that rolls down a bowl, with noise of the seed."""

    baseline = Baseline
    catalogue = Catalogue(
        {
            "work": Metric("Work", "steps", 1, 0, better="lower", kind="cost", exact=True),
            "height": Metric("Height", "cm", 100, 2, better="lower", kind="quality"),
        }
    )

    def cost(self, values):
        return {"work": values["args"].steps}

    def run(self, trial: RunningTrial) -> Finished:
        args = Arguments(**trial.record.config.parts["args"])
        noise = random.Random(trial.record.seed).gauss(0, 0.005)
        height = math.exp(-args.rate * args.steps / (1 - args.momentum)) + noise
        return Finished({"height": height}, history=[EpochRow(epoch=0, height=height)])


TASKS["toy"] = Toy()
