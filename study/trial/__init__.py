"""One trial: its model, its run from a record to a result, and the timing of its work."""

from study.trial.model import build_model, starting_model
from study.trial.run import run_trial
from study.trial.timing import run_timing_session, step_seconds

__all__ = [
    "build_model",
    "run_timing_session",
    "run_trial",
    "starting_model",
    "step_seconds",
]
