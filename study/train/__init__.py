"""Training on timm's parts: what one arm becomes with one seed."""

from study.train.callbacks import Caller, Message, Stopped, Superseded, nothing
from study.train.distributed import ALONE, Group, joined
from study.train.epoch import Evaluation, evaluation
from study.train.fit import Fitted, fit
from study.train.optimizer import check
from study.train.schedule import Course, course
from study.train.step import repeated, training_step
from study.train.step_time import Pace, step_seconds

__all__ = [
    "ALONE",
    "Caller",
    "Course",
    "Evaluation",
    "Fitted",
    "Group",
    "Message",
    "Pace",
    "Stopped",
    "Superseded",
    "check",
    "course",
    "evaluation",
    "fit",
    "joined",
    "nothing",
    "repeated",
    "step_seconds",
    "training_step",
]
