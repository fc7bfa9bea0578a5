"""The files of a store that studies use, found by planning all studies."""

import os
from collections.abc import Iterator, Sequence
from contextlib import chdir
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from study.api.request import StudyRequest
from study.clean import CHECKPOINT, JobFolder, Needs, jobs, superseded
from study.cli.output import console
from study.errors import StudyError
from study.store import job_records
from study.store.store import Store

if TYPE_CHECKING:
    from study.plan.plan import Plan


PLANNED = ("trials", "checkpoints")  # groups that need the plans of all studies


class StudyToPlan(NamedTuple):
    """A study to plan, to find the trials it uses."""

    label: str
    request: StudyRequest
    folder: Path
    """The folder that its relative paths refer to."""
    remedy: str
    """The step to take if it cannot be planned."""


class Gone(NamedTuple):
    """Trials of a job whose study can no longer be planned."""

    label: str
    trials: tuple[str, ...]
    why: str
    """Why it cannot be planned, and how to delete its trials."""


@dataclass
class Survey:
    """The files that studies use, as far as they can be planned."""

    needs: Needs
    unknown: list[str] = field(default_factory=list)
    """Reasons why the used trials are not all known; then no trial is deleted."""
    gone: list[Gone] = field(default_factory=list)


def survey_of(
    store: Store,
    files: Sequence[Path],
    imports: tuple[str, ...],
    gone: bool,
    groups: Sequence[str],
) -> Survey:
    survey, requests = Survey(Needs(jobs(store))), list[StudyToPlan]()
    for index, job in enumerate(survey.needs.jobs):
        requests += _request(job, survey, store, again=survey.needs.jobs[index + 1 :], gone=gone)
    if not {*groups} & {*PLANNED}:
        return survey
    requests += [study for file in files for study in _profiles(file, store, imports)]
    # Where no weights are stored, no study can need any, and fewer studies are planned.
    weights = "checkpoints" in groups and any((store.root / "trials").glob(f"[!.]*/{CHECKPOINT}"))
    with console(err=True).status("planning all studies") as status:
        for request in requests:
            status.update(f"planning {request.label}")
            _plan(request, survey, store, weights)
    survey.needs.trials.update(*(job.trials for job in survey.gone))
    return survey


def _request(
    job: JobFolder, survey: Survey, store: Store, *, again: Sequence[JobFolder], gone: bool
) -> Iterator[StudyToPlan]:
    """The study of a job, to plan it; notes its trials if it cannot be planned."""
    if not job.order:
        owner = job.path.lstat().st_uid
        survey.unknown.append(
            f"the job file of {job.path} cannot be read (owner: user {owner}): "
            "delete that folder to drop its trials"
        )
        return
    if job.busy:
        survey.needs.trials |= {*job.trials}
    if not job.trials or superseded(job, again):
        return
    wanted, where = job.request, job.request.folder if job.request else ""
    if job.own and job.file and wanted:
        survey.needs.requests.add(job.path)
        label, remedy = f"study run {_words(wanted)}", f"delete {job.path} to drop its trials"
        request = StudyRequest.of(wanted, store.root.resolve())
        yield StudyToPlan(label, _with_stand_ins(request), Path(where), remedy)
    elif not (gone and job.own and where):
        survey.needs.requests.add(job.path)
        if job.own and where:
            why = "no longer exists (--gone deletes them)"
        else:
            why = f"cannot be planned: see {job.path}"
        label = f"{Path(where)}/{_words(wanted)}" if wanted else str(job.path)
        survey.gone.append(Gone(label, job.trials, why))


def _words(wanted: job_records.Request) -> str:
    """The words of a command line that request a study again."""
    return StudyRequest.of(wanted, Path("results")).command_line()


def _profiles(file: Path, store: Store, imports: tuple[str, ...]) -> Iterator[StudyToPlan]:
    """A study file without and with each of its profiles."""
    from study.spec.preview import preview

    for profile in (None, *preview(file).profiles):
        label = f"{file} --profile {profile}" if profile else str(file)
        request = _with_stand_ins(StudyRequest(file, profile, (), store.root.resolve(), imports))
        yield StudyToPlan(label, request, Path.cwd(), "name the study files that count instead")


def _with_stand_ins(request: StudyRequest) -> StudyRequest:
    """A request that needs no variable for the place of images: trial names do not depend on it."""
    from study.spec.preview import preview

    stand_ins = preview(request.file).stand_ins(os.environ) if request.text is None else {}
    return replace(request, stand_ins=stand_ins)


def _plan(request: StudyToPlan, survey: Survey, store: Store, weights: bool) -> None:
    """Note the trials and weights that a study uses, unless all stored ones are noted already."""
    # A hidden name is that of a trial whose removal was interrupted.
    needs, present = survey.needs, {path.name for path in (store.root / "trials").glob("[!.]*")}
    used = needs.trials.union(*(job.trials for job in survey.gone))
    try:
        # Paths of an earlier command are relative to the folder that it was given in.
        with chdir(request.folder):
            # Every stored trial is needed already, so this plan could add none.
            if present <= used and not (weights and _evaluates(request.request)):
                return
            plan, _ = request.request.plan()
    except (StudyError, OSError) as error:  # its folder may be gone
        # The errors of a plan end so; cleaning goes on with the groups that need no plan.
        message = str(error).removesuffix(", nothing was run")
        survey.unknown.append(f"{request.label} cannot be planned: {request.remedy}\n{message}")
        return
    parents = {arm.starts_from for arm in plan.arms if arm.starts_from}
    needs.trials |= {trial.name for trial in plan.trials} | parents
    needs.weights |= _unevaluated(plan, store) | parents


def _evaluates(request: StudyRequest) -> bool:
    """True for a study that uses trained weights once more, or cannot be read."""
    from study.spec.metric import sized

    file = request.read()
    if file.study is None or file.problems:
        return True
    # A study that may start from the weights of another trial needs them as long as it exists.
    words = [file.study.text, *file.study.settings]
    return any(sized(name)[1] for name in file.study.columns) or any("trial:" in w for w in words)


def _unevaluated(plan: "Plan", store: Store) -> set[str]:
    """Trials whose weights the study has yet to evaluate."""
    # Diverged weights are not evaluated at other sizes.
    trials = [trial.name for trial in plan.reported if trial.state != "diverged"]
    pairs = ((name, size) for name in trials for size in plan.sizes)
    return {name for name, size in pairs if plan.lacks(store.evaluation(name, size), size)}
