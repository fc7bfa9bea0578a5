"""Training on timm's parts: what one arm becomes with one seed."""

from study.tasks.classification.train.evaluation import evaluation
from study.tasks.classification.train.fit import Fitted, fit
from study.tasks.classification.train.losses import balanced
from study.tasks.classification.train.optimizers import check
from study.tasks.classification.train.schedules import RateSchedule, rate_schedule
from study.tasks.classification.train.step_time import StepTime, step_seconds
from study.tasks.classification.train.synthetic_step import repeated, training_step
from study.tasks.training.distributed import ALONE, ProcessGroup, joined

__all__ = [
    "ALONE",
    "Fitted",
    "ProcessGroup",
    "RateSchedule",
    "StepTime",
    "balanced",
    "check",
    "evaluation",
    "fit",
    "joined",
    "rate_schedule",
    "repeated",
    "step_seconds",
    "training_step",
]
