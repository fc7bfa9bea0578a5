"""A study as a command or a program requests it: with a profile, settings, plugins, a store."""

import functools
import os
import shlex
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from study.errors import SpecError

if TYPE_CHECKING:
    from study.launch.machine import Machine
    from study.plan.plan import Plan
    from study.spec.plugins import Plugin
    from study.spec.reader import ReadStudy
    from study.store.job_records import Request
    from study.store.store import Store

DEFAULT_ROOT = Path("results")
"""The store where none is named: in the current folder, wherever the study file is."""


@dataclass(frozen=True)
class StudyRequest:
    """A study file, the changes that the command line makes to it, and a store."""

    file: Path
    profile: str | None
    settings: tuple[str, ...]
    root: Path
    imports: tuple[str, ...] = ()
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    """Values for variables that the environment lacks."""
    text: str | None = None
    """The text of a study that is no file; `file` names it."""
    tell: Callable[[str], None] = field(default=lambda text: None, compare=False)
    """Given a line before work that takes time."""

    @classmethod
    def of(cls, request: "Request", root: Path) -> "StudyRequest":
        """The request of a job; relative paths are those of `request.folder`."""
        return cls(
            Path(request.file),
            request.profile,
            tuple(request.settings),
            root,
            tuple(request.imports),
            text=request.text,
        )

    @property
    def record(self) -> "Request":
        """The request as a job has it: `study clean` plans it again."""
        from study.store.job_records import Request

        return Request(
            file=str(self.file),
            # Relative paths start here, and `study clean` may run elsewhere.
            folder=str(Path.cwd()),
            profile=self.profile,
            settings=list(self.settings),
            imports=list(self.imports),
            text=self.text,
        )

    @functools.cached_property
    def plugins(self) -> "list[Plugin]":
        """The plugins, read once: an edit takes effect with the next command."""
        from study.spec.plugins import find_plugins

        return find_plugins(self.imports)

    def read(self) -> "ReadStudy":
        """The study, and its problems as far as they show before models are built."""
        from study.plan.reading import vocabulary
        from study.spec import reader

        text = reader.text_of(self.file) if self.text is None else self.text
        return reader.study_text(
            text,
            self.file,
            vocabulary=vocabulary(self.plugins),
            # The real environment comes last, so that it wins over stand-ins.
            environment={**self.stand_ins, **os.environ},
            profile=self.profile,
            settings=self.settings,
            sources=self.plugins,
            imports=self.imports,
            is_file=self.text is None,
        )

    def plan(self, *, audit_all: bool = False) -> "tuple[Plan, Store]":
        """The study as planned now, and its store."""
        from study.plan.planning import plan
        from study.store.store import Store

        store = Store(self.root)
        # Models may print while they are built, and stdout may be one JSON document.
        with warnings.catch_warnings(), redirect_stdout(sys.stderr):
            warnings.filterwarnings("ignore", ".*torch.jit.*")  # of timm and fvcore, at import
            try:
                planned = plan(self.read(), store, audit_all=audit_all, tell=self.tell)
            except SpecError as error:
                if hint := self._forgotten(store):
                    raise SpecError(f"{error}\n{hint}") from error
                raise
        self._note_other_store(planned)
        return planned, store

    @property
    def other_root(self) -> Path | None:
        """The default store of whoever is in the folder of the study file, where it is another."""
        beside = self.file.parent / DEFAULT_ROOT
        other = self.root == DEFAULT_ROOT and beside.resolve() != self.root.resolve()
        return beside if other and beside.is_dir() else None

    def _note_other_store(self, plan: "Plan") -> None:
        """Note that trials which are missing here have results there: they would be run again."""
        from study.store.atomic import warn_once
        from study.store.states import DONE
        from study.store.store import Store

        if self.other_root is None:
            return
        store = Store(self.other_root)
        stored = [store.peek(trial.name)[1] for trial in plan.missing]
        there = sum(result is not None and result.state in DONE for result in stored)
        if there:
            trials = "1 trial" if there == 1 else f"{there} trials"
            lacks = f"{self.root.resolve()} lacks {trials} of {self.file}"
            option = f"--store {shlex.quote(str(self.other_root))}"
            warn_once(f"{lacks} that {self.other_root} has: {option} uses that store")

    def _forgotten(self, store: "Store") -> str:
        """A hint at the plugins of the last run of this study, if it is requested without any."""
        from study.launch.job import jobs_of

        requests = [job.request for _, job in jobs_of(store, self.identity) if job.request]
        if self.imports or not requests or not requests[-1].imports:
            return ""
        words = " ".join(f"--import {name}" for name in requests[-1].imports)
        return f"the last run of this study had {words}"

    @property
    def identity(self) -> tuple[str, str]:
        """Title and file, which identify the study in its store even if the file is gone."""
        from study.spec.study import title

        # From the name alone, so that `study cancel` works on a file that is broken or gone.
        return title(self.file.stem, self.profile, self.settings), str(self.file.resolve())

    def command_line(self, machine: "Machine | None" = None) -> str:
        """The arguments that request the same study again."""
        profile = ["--profile", self.profile] if self.profile is not None else []
        more = [word for setting in self.settings for word in ("--set", setting)]
        more += [word for source in self.imports for word in ("--import", source)]
        store = ["--store", str(self.root)] if self.root != DEFAULT_ROOT else []
        flags = machine.flags if machine else ()
        # Quoted: labels and settings may hold spaces.
        return shlex.join([str(self.file), *profile, *more, *store, *flags])
