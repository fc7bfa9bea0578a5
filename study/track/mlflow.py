"""MLflow: a database in the store, or the server that MLFLOW_TRACKING_URI names."""

import os
import shlex
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from study.errors import StudyError
from study.track.subject import Subject

if TYPE_CHECKING:
    from mlflow.entities import Param

BATCH = 100  # parameters per call, MLflow's limit
LONGEST_VALUE = 6000  # characters of a parameter, MLflow's limit


class MLflow:
    """One trial as a run; the tag `study.trial` finds it again."""

    def __init__(self, folder: Path, subject: Subject) -> None:
        # Read when mlflow is imported, so it is set before that.
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        folder.mkdir(parents=True, exist_ok=True)
        self.client = MlflowClient(_uri(folder))
        try:
            group = self._experiment_id(folder, subject.study)
            self.run_id = self._existing_run(group, subject) or self._new_run(group, subject)
        except MlflowException as error:
            raise StudyError(f"mlflow: {error}") from error

    def epoch(self, epoch: int, values: Mapping[str, float]) -> None:
        self._log(values, epoch)

    def end(self, state: str, values: Mapping[str, float]) -> None:
        self._log(values, 0)
        self.client.set_tag(self.run_id, "study.state", state)
        # MLflow has no state for a diverged run, so the tag above has the word.
        self.client.set_terminated(self.run_id, "FAILED" if state == "failed" else "FINISHED")

    def close(self) -> None:
        """Nothing to do: every call is on disk, or sent, when it returns."""

    def _log(self, values: Mapping[str, float], step: int) -> None:
        from mlflow.entities import Metric

        # MLflow's time stamps are milliseconds.
        now = int(1000 * time.time())
        metrics = [Metric(name, value, now, step) for name, value in values.items()]
        self.client.log_batch(self.run_id, metrics=metrics)

    def _experiment_id(self, folder: Path, name: str) -> str:
        if existing := self.client.get_experiment_by_name(name):
            return str(existing.experiment_id)
        # A server has artifact storage of its own; the database has none, so files get a folder.
        files = None if "MLFLOW_TRACKING_URI" in os.environ else (folder / "files").absolute()
        return str(self.client.create_experiment(name, files and files.as_uri()))

    def _existing_run(self, group: str, subject: Subject) -> str | None:
        """The run of a trial that was logged before, running again even if it had failed."""
        # Backquotes: the name of the tag has a dot.
        runs = self.client.search_runs([group], f"tags.`study.trial` = '{subject.trial}'")
        for run in runs:
            self.client.update_run(run.info.run_id, status="RUNNING")
            return str(run.info.run_id)
        return None

    def _new_run(self, group: str, subject: Subject) -> str:
        tags = {"study.trial": subject.trial, "study.arm": subject.label}
        run = self.client.create_run(group, run_name=subject.name, tags=tags)
        for params in _parameters(subject):
            self.client.log_batch(run.info.run_id, params=params)
        return str(run.info.run_id)


def _parameters(subject: Subject) -> Iterator[list["Param"]]:
    """The trial's seed, levels and configuration as parameters, in batches."""
    from mlflow.entities import Param

    levels = {f"level.{path}": label for path, label in subject.levels.items()}
    values = {"seed": subject.seed, **levels, **subject.config}
    # A parameter can be logged only once in MLflow, so they go with the creation of the run.
    params = [Param(key, str(value)[:LONGEST_VALUE]) for key, value in values.items()]
    yield from (params[begin : begin + BATCH] for begin in range(0, len(params), BATCH))


def _uri(folder: Path) -> str:
    return os.environ.get("MLFLOW_TRACKING_URI", f"sqlite:///{folder.absolute()}/mlflow.db")


def view(folder: Path) -> str:
    return f"mlflow ui --backend-store-uri {shlex.quote(_uri(folder))}"
