"""Records of job folders, of folders that carry a study's name, and of what trackers received."""

from typing import Annotated, Literal, Self

from pydantic import AliasChoices, Field, model_validator

from study.store.atomic import Record
from study.store.fields import Count, Few, Inside, Pixels, Place, Positive, Seconds
from study.store.frozen import Frozen
from study.store.records import TrialRecord


class Request(Frozen):
    """A study as a user requested it: what is needed to plan it again."""

    file: Place
    """The study file as the user wrote it, or the name of a study that is no file."""
    folder: Place
    """The folder that relative paths refer to."""
    profile: str | None = None
    settings: list[str] = Field([])
    imports: list[Place] = Field([])
    text: str | None = None
    """The text of a study that is no file."""

    @classmethod
    def parsed_words(cls, words: list[str], folder: str) -> Self:
        """The request of an earlier version: a file, then flags with their values."""
        values: dict[str, list[str]] = {"--profile": [], "--set": [], "--import": []}
        for flag, value in zip(words[1::2], words[2::2], strict=False):
            values.setdefault(flag, []).append(value)
        profile = next(iter(values["--profile"]), None)
        settings, imports = values["--set"], values["--import"]
        return cls(
            file=words[0], folder=folder, profile=profile, settings=settings, imports=imports
        )


class Budget(Frozen):
    """A limit on what a run spends: once it is spent, workers start no further trial."""

    text: str
    """The budget as the user wrote it."""
    unit: Literal["h", "gpuh", "cpuh"]
    """Hours of wall time, or those that devices or cores are at work on trials."""
    seconds: Seconds
    price: Positive | None = None
    """The price of an hour of this unit, where the budget is an amount of money."""


class Work(Frozen):
    """The phases of a job and their study; each phase reads the fields that it needs."""

    # Jobs of earlier versions call them tasks.
    phases: list[str] = Field([], validation_alias=AliasChoices("phases", "tasks"))
    """trials, evaluations, timings, steps: in the order in which they are done."""
    task: str = "classification"
    """The task of the study, which says what a trial is."""
    sources: list[Annotated[list[str], Field(min_length=2, max_length=2)]] = Field([])
    """The study's plugins, each with its digest; the task may be in one."""

    starts_processes: bool = False
    """True if a trial starts its processes itself: a worker is one, however many devices it has."""
    known: list[str] = Field([])
    """The metrics of the study's catalogue; a trial that reports another one fails."""

    study: str = ""
    """The title of the study; absent where a phase stands by itself."""
    file: Place | None = None
    """The study file."""
    request: Request | None = None
    """The study as the user requested it."""
    text: str = ""
    """The text of the study as it was read, if results may call for more trials; or "".

    Workers plan it again, whatever became of the file meanwhile.
    """
    variables: dict[str, str] = Field({})
    """The environment variables in the text, as they were."""
    budget: Budget | None = None
    """The limit on what the run spends, counted from the time at which the job was made."""

    @model_validator(mode="before")
    @classmethod
    def _of_words(cls, values: object) -> object:
        """Jobs of earlier versions have the words of a command line."""
        if not isinstance(values, dict) or not values.get("words"):
            return values
        words, folder = values["words"], values.get("folder") or "."
        texts = isinstance(words, list) and all(isinstance(word, str) for word in [*words, folder])
        if not texts:
            raise ValueError("words and folder are texts")
        rest = {key: value for key, value in values.items() if key not in ("words", "folder")}
        return {"request": Request.parsed_words(words, folder).plain, **rest}

    trials: list[str] = Field([])
    has_results: bool = False
    """True if other trials of the study have their metrics already, read as these are."""
    # Not strict here, since JSON has lists where this has tuples.
    pairs: list[Annotated[tuple[str, Pixels], Field(strict=False)]] = Field([])
    """Trials to evaluate, each with an image size in pixels."""

    key: str = ""
    """The name under `timings` of what is measured."""
    arms: dict[str, TrialRecord] = Field({})
    """The configuration of each arm of a timing session, by digest."""
    baseline: str = ""
    metrics: list[str] = Field([])
    batch_size: Count = 0
    seconds: Seconds = 0
    """Time that a timing session may take."""
    resolution: Positive = 0.05
    """Relative width of an interval, above which a session builds its models more often."""
    precision: str = "float32"
    compile: bool = False
    channels_last: bool = False
    path: Literal["plain", "fast", "both"] = "plain"
    again: bool = False
    """True to time anew what the store has a session of."""
    arm: TrialRecord | None = None
    """The configuration of the arm whose steps are timed."""

    @property
    def alone(self) -> bool:
        """True for a phase that belongs to no study."""
        return "study" not in self.model_fields_set


class Job(Work):
    """`job.json`: the work with the machine that it is done on."""

    store: Place
    on: str
    device: str
    threads: Few
    devices: Few
    nodes: Few
    share: Few
    retries: Count
    timeout: Seconds
    resources: dict[str, str]
    search_path: str = ""
    """The PATH of the shell that made the job, for workers that have another one."""
    code: Record | None = None
    """The commit and the digest of the package that the workers run."""


class Computed(Frozen):
    """`trials.json` of a job folder: what each trial computes, by name."""

    # The keys are names of trials, so none can be declared as a field.
    __pydantic_extra__: dict[str, TrialRecord] = Field(init=False)

    @property
    def trials(self) -> dict[str, TrialRecord]:
        return self.__pydantic_extra__


class Unread(Frozen):
    """`unread.json` of a job folder: a trial that ended well, and left no value of a metric."""

    trial: str
    metric: str


class Submitted(Frozen):
    """`slurm.json` of a job folder: the ids of the Slurm jobs that run it. `command.json`: the
    indices of the workers that a user's command was to start."""

    ids: list[str]


class Address(Frozen):
    """`meet.JOB.json`: where the processes of several nodes find each other."""

    MASTER_ADDR: str
    MASTER_PORT: str


class Delivered(Frozen):
    """The epochs and the state of a trial that a tracker has received."""

    epochs: Count
    state: str


class Signature(Frozen):
    """`study.json`: the study to which a folder belongs."""

    file: Place
    profile: str | None = None
    settings: list[str] = Field([])


class Manifest(Frozen):
    """`report.json`: the files of a report."""

    files: list[Inside]
    made_of: str = ""
    """The fingerprint of what the report shows."""
