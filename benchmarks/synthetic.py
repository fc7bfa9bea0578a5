"""A synthetic store: finished trials of a study of programs, in the format of real ones.

Records and results are encoded by the package; files are written without the flush to disk that a
worker makes for each, so that 100,000 trials take a minute and not an hour.
"""

import random
import sys
import time
from pathlib import Path

import study
from study.store import atomic
from study.store.provenance import origin_of
from study.store.records import Environment, EpochRow, Outcome, TrialRecord
from study.store.store import FORMAT, Store

ARMS = 200
EPOCHS = 20  # of the history of a trial, which makes its result 2.7 kB
PROGRAM = 'print("loss: 1")\n'
FILE = """\
task: program
question: Which rate is the best?
baseline:
  run: [python, train.py, --rate, "{{rate}}", --seed, "{{seed}}"]
  code: [train.py]
  args: {{rate: 0.001}}
factors:
  args.rate: {rates}
metrics:
  loss: {{better: lower, digits: 4, from: {{stdout: 'loss: (\\S+)'}}}}
seeds: 5
columns: [loss, seconds, peak_memory]
"""
"""A study of 200 arms and five seeds; `--set seeds=N` gives it more of them."""


def written_study(folder: Path) -> Path:
    """The study file in `folder`, beside its program."""
    folder.mkdir(parents=True, exist_ok=True)
    rates = [round(0.001 * number, 3) for number in range(1, ARMS + 1)]
    (folder / "train.py").write_text(PROGRAM)
    (folder / "rates.yaml").write_text(FILE.format(rates=rates))
    return folder / "rates.yaml"


def filled(folder: Path, trials: int) -> Path:
    """A study file whose store, `results` beside it, has so many finished trials."""
    file, began = written_study(folder), time.time()
    root = folder / "results"
    plan = study.load(file, store=root, set={"seeds": trials // ARMS}).plan()
    chance = random.Random(0)
    environment = Environment(
        machine="synthetic", processor="synthetic", device="cpu", **origin_of("program")
    )
    for name, record in plan.records().items():
        _write(Store(root), name, record, _outcome(record, environment, chance))
    print(f"{trials:,} trials written in {time.time() - began:.0f} s", file=sys.stderr)
    return file


def _outcome(record: TrialRecord, environment: Environment, chance: random.Random) -> Outcome:
    rate = float(record.config.parts["args"]["rate"])
    losses = [rate + chance.random() / (1 + epoch) for epoch in range(EPOCHS)]
    return Outcome(
        state="completed",
        config=record.config,
        metrics={
            "loss": losses[-1],
            "seconds": 60 + chance.random(),
            "cpu_seconds": 58 + chance.random(),
            "peak_memory": 1e8 + chance.randrange(10**6),
        },
        environment=environment,
        seconds=60 + chance.random(),
        history=[
            EpochRow(epoch=epoch, iteration=epoch + 1, loss=loss)
            for epoch, loss in enumerate(losses)
        ],
    )


def _write(store: Store, name: str, record: TrialRecord, outcome: Outcome) -> None:
    folder = store.folder(name)
    folder.path.mkdir(parents=True)
    folder.record.write_bytes(atomic.encoded(record.plain))
    result = {"format": FORMAT, "trial": name, **outcome.plain}
    folder.result.write_bytes(atomic.encoded(result))
    folder.log.write_text('{"event": "began", "lease": 1, "device": "cpu"}\n')
