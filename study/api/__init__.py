"""The Python API: studies loaded, planned, run and analysed."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from study.api.request import StudyRequest
from study.api.values import plain
from study.errors import StudyError
from study.report.figure_style import figure_style
from study.spec.yaml import written

if TYPE_CHECKING:
    from study.api.analysis import Analysis
    from study.plan.plan import Plan
    from study.store.store import Store

RESULTS, REPORTS = "results", "reports"  # in the current folder, as the commands have them


def load(
    file: str | Path,
    *,
    profile: str | None = None,
    set: Mapping[str, object] | None = None,
    imports: Iterable[str] = (),
    store: str | Path = RESULTS,
) -> "Study":
    """The study of a file, with some of its keys changed: `set={"seeds": 5}`.

    `imports` are plugins, as for `--import`; `store` is the folder of results. The file is read
    when the study is planned.
    """
    # JSON is YAML, so each value is read as the study file would have it.
    changes = plain(set or {}, "set")
    settings = tuple(f"{key}={json.dumps(value)}" for key, value in changes.items())
    return Study(StudyRequest(Path(file), profile, settings, Path(store), _texts(imports)))


def _texts(imports: str | Iterable[str | Path]) -> tuple[str, ...]:
    return tuple(map(str, [imports] if isinstance(imports, str | Path) else imports))


@dataclass(frozen=True, repr=False)
class Study:
    """A study, and the store of its results."""

    request: StudyRequest

    def __repr__(self) -> str:
        return f"Study({self.request.identity[0]}, store={str(self.request.root)!r})"

    @classmethod
    def of(
        cls,
        name: str,
        values: Mapping[str, object],
        *,
        imports: Iterable[str] = (),
        store: str | Path = RESULTS,
    ) -> "Study":
        """The study of Python values: the keys of a study file, of dictionaries, lists and scalars.

        `name` is that of a file without its ending, and the name of the report.

        Raises:
            StudyError: the name cannot be that of a file.
        """
        # A dot in front would hide the file of that name, a dash would look like an option.
        if not isinstance(name, str) or not re.fullmatch(r"\w[\w.-]*", name):
            raise StudyError(f'"{name}" cannot name a study: use letters, digits, "_" and "-"')
        file, text = Path(f"{name}.yaml"), written(plain(values, "values"))
        return cls(StudyRequest(file, None, (), Path(store), _texts(imports), text=text))

    def plan(self, *, audit_all: bool = False) -> "Plan":
        """The study as planned now: its arms, their costs, and the trials that are missing.

        Raises:
            StudyError: lists the mistakes in the study, each at its place.
        """
        return self.request.plan(audit_all=audit_all)[0]

    def run(
        self,
        *,
        on: str = "local",
        workers: int | None = None,
        device: str | None = None,
        threads: int | None = None,
        speed: bool = True,
        progress: bool = True,
        budget: str | None = None,
        price: str | None = None,
    ) -> "Analysis":
        """Run the missing trials, time the arms if columns ask for it, and analyse the results.

        Safe to repeat and to interrupt: finished trials are never run again. `on` is "local", or
        "inline" for one trial after another in this process. Once a `budget` such as "8h" is spent,
        or "100" at a `price` of "2.5/gpuh", no further trial is started.

        Raises:
            StudyError: there is a mistake in the study, or nothing could be stored.
        """
        from study.api import run

        machine = run.machine(on, workers=workers, device=device, threads=threads)
        limit = run.budget(budget, price, machine)
        run.run(self.request, machine, speed=speed, progress=progress, budget=limit)
        # Planned anew, so that it sees the trials that have just ended.
        return self.analyse()

    def analyse(self) -> "Analysis":
        """Everything that follows from the results that the store has so far."""
        # Here, since it imports pandas and matplotlib, which loading and planning do not need.
        from study.api.analysis import Analysis

        return Analysis(*self.request.plan())

    def report(
        self,
        folder: str | Path = REPORTS,
        *,
        html: bool = False,
        width: str = "text",
        style: str = "sans",
    ) -> Path:
        """Write tables, figures and measurements; returns the folder of this study's report.

        `width` of the figures is "column" or "text"; `style` is "sans", "serif", or a style sheet
        of matplotlib.

        Raises:
            StudyError: there is a mistake in the study, or no such width or style.
        """
        from study.api import run

        look = figure_style(width, str(style))
        return run.write_report(*self.request.plan(), Path(folder), style=look, html=html)

    # A frozen dataclass allows it, as the value goes into __dict__ directly.
    @cached_property
    def store(self) -> "Store":
        from study.store.store import Store

        return Store(self.request.root)
