"""An estimate of the time that the missing trials of a plan will take."""

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean

from study.plan.plan import Plan
from study.store.provenance import digest
from study.store.records import Environment, Result
from study.store.store import Store
from study.store.timing_records import StepTimes
from study.tasks.arms import PlannedArm


@dataclass(frozen=True)
class Hardware:
    """Where trials are to run: finished ones there say how long others take."""

    partition: str | None = None
    """Partitions of Slurm, separated by commas; "" is the default one, None is this machine."""
    device: str = ""
    """cpu, cuda or mps; any other word leaves it open."""
    processes: int = 0
    """Processes that train a trial together; 0 leaves it open."""
    anywhere: bool = False
    """True where nothing says which machine it is, so that trials of every machine count."""

    @property
    def name(self) -> str:
        if self.anywhere:
            return "any machine"
        if self.partition is None:
            return platform.node()
        return f"partition {self.partition}" if self.partition else "Slurm's default partition"

    def matches(self, results: list[Result]) -> list[Result]:
        """The results whose trials ran on this hardware."""
        return [r for r in results if self._is_where(r.environment) and self._is_kind(r)]

    def _is_where(self, environment: Environment) -> bool:
        if self.anywhere:
            return True
        if self.partition is None:
            return environment.machine == platform.node()
        names = self.partition.split(",") if self.partition else [environment.partition]
        return environment.partition is not None and environment.partition in names

    def _is_kind(self, result: Result) -> bool:
        device, processes = result.environment.device, result.environment.processes
        # Trials of eight devices say nothing of those of one, nor those of a GPU of a CPU's.
        # What is no name of another kind is the name of a GPU.
        kind = device if device in ("cpu", "mps", None) else "cuda"
        is_device = kind is None or self.device not in KINDS or kind == self.device
        return is_device and self.processes in (0, processes or 1)


KINDS = ("cpu", "cuda", "mps")
HERE = Hardware()


@dataclass(frozen=True)
class TrialTimes:
    """Seconds of a trial of each arm, by its digest, as measured or scaled by costs."""

    seconds: Mapping[str, float]
    source: str
    tuning: Mapping[str, int] = field(default_factory=dict)
    """Trials that each arm has before it beside those of its seeds, by its digest."""


def remaining_time(
    plan: Plan, store: Store, workers: int, *, hardware: Hardware = HERE
) -> tuple[float, str] | None:
    """The remaining seconds and the source of the estimate; None without any measurement."""
    trials = remaining(plan)
    if not any(trials.values()):
        return 0.0, "nothing is missing"
    times = trial_times(plan, store, hardware=hardware)
    if times is None:
        return None
    # Workers beyond the number of trials stand idle.
    seconds = sum(times.seconds[arm.digest] * trials[arm.digest] for arm in plan.arms)
    return seconds / max(1, min(workers, sum(trials.values()))), times.source


def trial_times(plan: Plan, store: Store, *, hardware: Hardware = HERE) -> TrialTimes | None:
    """The time of a trial of each arm; None without any measurement on this hardware."""
    finished = {arm.digest: _finished([arm], store, hardware) for arm in plan.arms}
    for arm, proposals in _proposals(plan):
        # Tuning trains on fewer images, so it stands for an arm only until that has a trial.
        finished[arm.digest] = finished[arm.digest] or _finished(proposals, store, hardware)
    took = {name: mean(r.seconds or 0.0 for r in rows) for name, rows in finished.items() if rows}
    here = hardware.partition is None and not hardware.anywhere
    partitions = _names(finished, "partition")
    if hardware.partition == "" and len(partitions) > 1:
        return None  # nothing says which of them is the default one
    timed = store.record("timings", steps_key(plan), StepTimes) if here else None
    if took:
        devices = "" if here else f" ({', '.join(_names(finished, 'device'))})"
        source = f"from finished trials on {hardware.name}{devices}"
    elif timed:
        took = {plan.baseline.digest: _trial_seconds(plan, timed)}
        source = f"from {timed.steps} timed steps of the baseline; other arms by their MACs"
    else:
        return None
    seconds = {arm.digest: _scaled(plan, arm, took) for arm in plan.arms}
    return TrialTimes(seconds, source, _tuning(plan))


def _names(finished: Mapping[str, list[Result]], key: str) -> list[str]:
    """The values of a key in the environments of results: a partition may have several GPUs."""
    every = (getattr(r.environment, key) for results in finished.values() for r in results)
    return sorted({str(name) for name in every if name is not None})


def _tuning(plan: Plan) -> dict[str, int]:
    """The trials that proposals have before them, by arm."""
    # A search has no arms before it ends, so its candidates count for the baseline.
    if plan.search:
        return {plan.baseline.digest: plan.search.budget - plan.search.ended}
    if not plan.tuning:
        return {}
    seeds, limits, left = len(plan.study.seeds), plan.study.sequential, remaining(plan)
    ours = {arm.digest: sum(not t.done for t in arm.trials) for arm in plan.arms}
    first = limits.min if limits else seeds
    unchosen = {a.digest for a, r in zip(plan.arms, plan.tuning.arms, strict=False) if not r.chosen}
    return {n: count - ours[n] - first * (n in unchosen) for n, count in left.items()}


def remaining(plan: Plan) -> dict[str, int]:
    """The number of trials that each arm has before it, by its digest."""
    limits = plan.study.sequential
    left = {arm.digest: sum(not t.done for t in arm.trials) for arm in plan.arms}
    for arm, row in zip(plan.arms, plan.tuning.arms if plan.tuning else (), strict=False):
        ended = sum(proposal.ended for proposal in row.proposals)
        left[arm.digest] += row.rules.trials - ended
        if row.chosen is None:
            left[arm.digest] += limits.min if limits else len(plan.study.seeds)
        there = row.at_baseline.trials if row.at_baseline else ()
        left[arm.digest] += sum(not trial.done for trial in there)
    if search := plan.search:
        # Candidates cost about what the baseline costs, as far as anybody knows beforehand.
        left[plan.baseline.digest] += search.budget - search.ended
        if not search.spent:
            left[plan.baseline.digest] += plan.most_arms * (
                limits.min if limits else len(plan.study.seeds)
            )
    return left


def _proposals(plan: Plan) -> Iterator[tuple[PlannedArm, list[PlannedArm]]]:
    """Each arm with its proposals, if the study has some; the baseline with those of a search."""
    if plan.search:
        yield plan.baseline, plan.search.trials
    if plan.tuning:
        rows = [row.trials for row in plan.tuning.arms]
        yield from zip(plan.arms, rows, strict=True)


def steps_key(plan: Plan) -> str:
    """Key of the timed steps of a plan's baseline on this machine."""
    return digest(["steps", platform.node(), plan.baseline.digest])


def _finished(arms: Sequence[PlannedArm], store: Store, hardware: Hardware) -> list[Result]:
    """The results of the arms' finished trials on this hardware; others say little about it."""
    names = [trial.name for arm in arms for trial in arm.trials if trial.done]
    return hardware.matches([result for result in map(store.result, names) if result])


def _trial_seconds(plan: Plan, timed: StepTimes) -> float:
    training = timed.train * timed.train_image_seconds
    # Validation runs after every epoch, so its images count in each of them.
    epoch = training + timed.val * timed.image_seconds
    return epoch * max(1, plan.baseline.epochs)


def _scaled(plan: Plan, arm: PlannedArm, took: Mapping[str, float]) -> float:
    """The arm's own seconds, or those of measured arms scaled by the ratio of MACs."""
    if arm.digest in took:
        return took[arm.digest]
    macs = {a.digest: a.cost_record.cost.get("macs") for a in plan.arms}
    ours = macs[arm.digest]
    # Multiply-adds are a rough measure of time, but known before anything runs.
    return mean(s * ours / n if ours and (n := macs[other]) else s for other, s in took.items())
