"""Programs that load the code behind a digest: each prints the modules of `study` it has loaded.

`python code_programs.py results` trains a trial in the current folder; see test_provenance.py.
Imports stand in the functions, so that no program loads what only another one needs.
"""

import json
import sys
from contextlib import suppress
from pathlib import Path

NAME = "0123456789-0"


def results():
    from study.store import leases
    from study.store.records import TrialRecord
    from study.store.store import Store
    from study.tasks.classification import train
    from study.tasks.classification.schema import Data, Recipe
    from study.tasks.classification.trial.run import run
    from study.trial.run import run_trial

    data = Data(name="digits", img_size=64, train_limit=64, val_limit=40)
    config = {
        "model": {"name": "test_rest", "arguments": {}},
        "data": data.model_dump(mode="json") | {"num_classes": 10},
        "recipe": Recipe(epochs=1, batch_size=32).model_dump(mode="json"),
    }
    shape = {"num_classes": 10, "in_chans": 3, "img_size": 64}
    store = Store(Path("results"))
    record = {"config": config, "shape": shape, "where": {}, "seed": 0}
    store.enter(NAME, TrialRecord.model_validate(record))
    how = {"device": "cpu", "stop": bool, "report": lambda row: None}
    with leases.claim(store.trial(NAME)) as lease:
        record = store.entered(NAME)
        run_trial(run, store, NAME, lease=lease, record=record, group=train.ALONE, **how)
    assert store.state(NAME) == "completed", store.result(NAME)


def costs():
    from study.store.store import Store
    from study.tasks.classification.config import Config
    from study.tasks.classification.plan import arm_cost
    from study.tasks.classification.schema import Data, Recipe

    config = Config("test_rest", {}, Data(name="digits", img_size=64), Recipe())
    arm_cost.arm_cost(config, Store(Path("empty")))


def courses():
    from study.store.store import Store
    from study.tasks.classification.plan.schedules import recipe_schedule
    from study.tasks.classification.schema import Recipe

    recipe_schedule(Recipe(epochs=2), Store(Path("empty")))


def folders():
    from study.tasks.classification.data.image_files import Rules
    from study.tasks.classification.data.listing import summary

    Path("train/a").mkdir(parents=True)
    summary(Path("train"), Rules())


def reports():
    from study.cli import main

    sys.argv = ["study", "report", "tiny.yaml", "--store", "results", "--reports", "reports"]
    with suppress(SystemExit):
        main()
    assert [*Path("reports").iterdir()]


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    print(json.dumps([name for name in sys.modules if name.startswith("study.")]))
