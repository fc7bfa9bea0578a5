"""Training on timm's parts: what one arm becomes with one seed."""

from study.train.epoch import Evaluation, evaluation
from study.train.fit import Fitted, Stopped, fit
from study.train.group import ALONE, Group, joined
from study.train.pace import Pace, step_seconds
from study.train.parts import check
from study.train.step import training_step

__all__ = [
    "ALONE",
    "Evaluation",
    "Fitted",
    "Group",
    "Pace",
    "Stopped",
    "check",
    "evaluation",
    "fit",
    "joined",
    "step_seconds",
    "training_step",
]
