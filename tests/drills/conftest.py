"""Drills: real processes, disturbed in earnest, against the same study left in peace.

After each: no lost result, no doubled one, and the same from `study results`, to the digit.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from study.launch import job as job_folder
from study.store import leases
from study.store.holders import Holder
from study.store.store import Store
from tests.conftest import environment

STUDY = """\
question: Does it survive?
baseline:
  model: test_rest
  data: {name: digits, img_size: 64, train_limit: 128, val_limit: 40}
  recipe: {name: smoke, epochs: 8, batch_size: 32}
factors:
  model.reduction: {DW: depthwise, Avg: average}
seeds: 2
columns: [params, macs, top1]
"""
PATIENCE = 600.0  # seconds for anything that is waited for
SHELVES: list[Path] = []
ROWS: list[tuple[str, int, int, int, int]] = []


@dataclass
class Ground:
    """A study in a folder of its own, and the processes that run it."""

    folder: Path
    text: str = STUDY
    flags: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "x.yaml").write_text(self.text)
        self.store = Store(self.folder / "results")
        self.furnish()

    def furnish(self) -> None:
        """What one study has counted, the next need not."""
        for shelf in SHELVES:
            shutil.copytree(shelf, self.store.root / "arms", dirs_exist_ok=True)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "study", *words]

    def start(self, *words: str, **variables: str) -> "subprocess.Popen[bytes]":
        """`study run` of this study, in the background; its output is in run.log."""
        with (self.folder / "run.log").open("ab") as log:
            process = subprocess.Popen(
                self.command("run", "x.yaml", "--no-speed", *self.flags, *words),
                cwd=self.folder,
                env=environment(**self.variables, **variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def study(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(*words),
            cwd=self.folder,
            env=environment(**self.variables),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def finish(self, *words: str, status: int = 0) -> str:
        """`study run` to its end: what it said."""
        done = self.study("run", "x.yaml", "--no-speed", *self.flags, *words)
        assert done.returncode == status, done.stderr
        return done.stderr

    def results(self) -> str:
        imports = [word for word in self.flags if word.endswith(".py")]
        more = ["--import", imports[0]] if imports else []
        done = self.study("results", "x.yaml", "--json", *more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def trials(self) -> list[str]:
        return sorted(path.name for path in (self.store.root / "trials").glob("*"))

    def epochs(self) -> int:
        return sum(len(self.store.history(name)) for name in self.trials)

    def holders(self) -> list[Holder]:
        """Processes that hold the lease of a trial."""
        holding = (leases.holder(self.store.trial(name)) for name in self.trials)
        return [who for who in holding if who is not None and who.pid]

    def supervisors(self) -> list[Holder]:
        return [who for job, _ in job_folder.jobs(self.store) for who in job_folder.workers(job)]

    def done(self) -> bool:
        return bool(self.trials) and all(self.store.result(name) for name in self.trials)

    def clear(self) -> None:
        """End whatever is left of this study's processes."""
        for process in self.started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for who in self.supervisors():
            with suppress(ProcessLookupError):
                os.killpg(who.pid, signal.SIGKILL)


def until(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.1)


def advanced(ground: Ground, epochs: int = 2) -> None:
    """Wait until the study has got ahead, or is done."""
    before = ground.epochs()
    until(lambda: ground.epochs() >= before + epochs or ground.done(), "progress")


def kill(who: Holder, number: int = signal.SIGKILL) -> None:
    if not who.gone:
        with suppress(ProcessLookupError):
            os.kill(who.pid, number)


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    ground = Ground(tmp_path / "disturbed")
    yield ground
    ground.clear()


@pytest.fixture(scope="session")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Ground], str]:
    """What a study's results are when nothing disturbs it: run once for each study."""
    known: dict[str, str] = {}

    def results(like: Ground) -> str:
        if like.text not in known:
            peace = Ground(tmp_path_factory.mktemp("calm"), like.text)
            peace.flags = tuple(w for w in like.flags if w == "--import" or w.endswith(".py"))
            peace.finish()
            known[like.text] = peace.results()
            SHELVES.append(peace.store.root / "arms")
        return known[like.text]

    return results


@pytest.fixture
def unharmed(calm: Callable[[Ground], str], request: pytest.FixtureRequest) -> Callable[..., None]:
    """Checks a disturbed study against the calm one, and adds a line to the table of drills."""

    def check(ground: Ground, *, times: int = 1, name: str | None = None) -> None:
        folders = [ground.store.trial(trial) for trial in ground.trials]
        lost = sum(not (folder / "result.json").exists() for folder in folders)
        doubled = sum(len(list(folder.glob("result.json*"))) > 1 for folder in folders)
        metrics = json.loads(ground.results()), json.loads(calm(ground))
        changed = sum(a != b for a, b in zip(*metrics, strict=False)) + abs(
            len(metrics[0]) - len(metrics[1])
        )
        ROWS.append(
            (name or request.node.name.removeprefix("test_"), times, lost, doubled, changed)
        )
        assert (lost, doubled, changed) == (0, 0, 0)
        assert ground.results() == calm(ground)
        assert not [path for folder in folders for path in folder.glob("lease.*")]

    return check


@pytest.fixture
def moments() -> random.Random:
    """Where to strike; STUDY_DRILL_SEED repeats a drill, and is printed with what failed."""
    seed = os.environ.get("STUDY_DRILL_SEED") or str(random.randrange(10**6))
    print(f"STUDY_DRILL_SEED={seed}")
    return random.Random(seed)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not ROWS:
        return
    terminalreporter.section("drills")
    terminalreporter.write_line(f"{'drill':62} times  lost  doubled  changed")
    for name, times, lost, doubled, changed in ROWS:
        terminalreporter.write_line(f"{name:62} {times:5} {lost:5} {doubled:8} {changed:8}")
