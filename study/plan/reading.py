"""A study read again by a process that has its text: a worker of a study that grows."""

import os
from collections.abc import Sequence
from pathlib import Path

from study import registries
from study.errors import StoreError
from study.spec import reader
from study.spec.designs import DESIGNS
from study.spec.plugins import Plugin, planned
from study.spec.reader import ReadStudy
from study.spec.vocabulary import Vocabulary
from study.store.job_records import Work
from study.tasks.known import Known


def vocabulary(plugins: Sequence[Plugin] = ()) -> Vocabulary:
    """The names that a study file may use, once the plugins are imported."""
    # Before the names are listed, since plugins add to them.
    for plugin in plugins:
        registries.register(plugin)
    return Vocabulary(designs=DESIGNS, tasks=Known())


def read_again(work: Work) -> ReadStudy:
    """The study of a job, as it was read when the job was made.

    Raises:
        SpecError: a plugin has changed since.
        StoreError: the job does not say what was requested.
    """
    request, plugins = work.request, planned(work.sources)
    if request is None:
        raise StoreError("a job without a request: its study cannot be planned again")
    return reader.study_text(
        work.text,
        # Relative paths are those of the folder in which the workers were started, this one.
        Path(request.file),
        vocabulary=vocabulary(plugins),
        environment={**os.environ, **work.variables},
        profile=request.profile,
        settings=request.settings,
        sources=plugins,
        imports=request.imports,
        is_file=request.text is None,
    )
