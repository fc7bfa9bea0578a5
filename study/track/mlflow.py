"""MLflow: a database beside the store, unless MLFLOW_TRACKING_URI names a server."""

import os
import shlex
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from study.errors import StudyError
from study.track.subject import Subject

AT_ONCE = 100  # parameters of one call, at most
LONGEST = 6000  # characters of a parameter


class MLflow:
    """A run is found again by the tag `study.trial`."""

    def __init__(self, folder: Path, subject: Subject) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        folder.mkdir(parents=True, exist_ok=True)
        self.client: Any = MlflowClient(_uri(folder))
        try:
            experiment = self._experiment(folder, subject.study)
            self.run_id = self._again(experiment, subject) or self._new(experiment, subject)
        except MlflowException as error:
            raise StudyError(f"mlflow: {error}") from error

    def epoch(self, epoch: int, values: Mapping[str, float]) -> None:
        self._log(values, epoch)

    def end(self, state: str, values: Mapping[str, float]) -> None:
        self._log(values, 0)
        self.client.set_tag(self.run_id, "study.state", state)
        self.client.set_terminated(self.run_id, "FAILED" if state == "failed" else "FINISHED")

    def close(self) -> None:
        """Every call is on disk, or sent, when it returns."""

    def _log(self, values: Mapping[str, float], step: int) -> None:
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        metrics = [Metric(name, value, now, step) for name, value in values.items()]
        self.client.log_batch(self.run_id, metrics=metrics)

    def _experiment(self, folder: Path, name: str) -> str:
        if found := self.client.get_experiment_by_name(name):
            return str(found.experiment_id)
        files = None if "MLFLOW_TRACKING_URI" in os.environ else (folder / "files").absolute()
        return str(self.client.create_experiment(name, files and files.as_uri()))

    def _again(self, experiment: str, subject: Subject) -> str | None:
        """A run that was told of before; it may have failed, and goes on."""
        runs = self.client.search_runs([experiment], f"tags.`study.trial` = '{subject.trial}'")
        for run in runs:
            self.client.update_run(run.info.run_id, status="RUNNING")
            return str(run.info.run_id)
        return None

    def _new(self, experiment: str, subject: Subject) -> str:
        tags = {"study.trial": subject.trial, "study.arm": subject.label}
        run = self.client.create_run(experiment, run_name=subject.name, tags=tags)
        for some in _portions(subject):
            self.client.log_batch(run.info.run_id, params=some)
        return str(run.info.run_id)


def _portions(subject: Subject) -> Iterator[list[Any]]:
    from mlflow.entities import Param

    levels = {f"level.{path}": label for path, label in subject.levels.items()}
    told = {"seed": subject.seed, **levels, **subject.config}
    params = [Param(key, str(value)[:LONGEST]) for key, value in told.items()]
    yield from (params[begin : begin + AT_ONCE] for begin in range(0, len(params), AT_ONCE))


def _uri(folder: Path) -> str:
    return os.environ.get("MLFLOW_TRACKING_URI", f"sqlite:///{folder.absolute()}/mlflow.db")


def view(folder: Path) -> str:
    return f"mlflow ui --backend-store-uri {shlex.quote(_uri(folder))}"
