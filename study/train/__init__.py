"""Training on timm's parts: what one arm becomes with one seed."""

from study.train.callbacks import Callbacks, Message, Stopped, Superseded, nothing
from study.train.distributed import ALONE, ProcessGroup, joined
from study.train.evaluation import evaluation
from study.train.fit import Fitted, fit
from study.train.lr_schedule import RateSchedule, rate_schedule
from study.train.optimizer import check
from study.train.step_time import StepTime, step_seconds
from study.train.synthetic_step import repeated, training_step

__all__ = [
    "ALONE",
    "Callbacks",
    "Fitted",
    "Message",
    "ProcessGroup",
    "RateSchedule",
    "StepTime",
    "Stopped",
    "Superseded",
    "check",
    "evaluation",
    "fit",
    "joined",
    "nothing",
    "rate_schedule",
    "repeated",
    "step_seconds",
    "training_step",
]
