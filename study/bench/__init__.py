"""Models side by side, without a study: one timing session for every setting.

Nothing here imports torch; what does runs in a process of its own for every setting, so that one
which the kernel ends, or which leaves the device in a bad state, takes no other with it.
"""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import product

from study.bench import process
from study.bench.settings import BenchModel, BenchRequest, Setting
from study.errors import SpecError
from study.metrics.execution import ExecutionMode
from study.spec.yaml import read
from study.store.store import Store
from study.store.timing_records import BenchRecord, BenchSession

# The keys of session.WORKLOADS, which imports torch; a test compares them.
MODES = ("infer", "train")
FORMAT = 1


def model(text: str, shared: Mapping[str, object]) -> BenchModel:
    """NAME, or {name: NAME, ARGUMENT: VALUE} as in a study file; `shared` are every model's.

    Raises:
        SpecError: it is no such mapping.
    """
    if not text.lstrip().startswith("{"):
        return BenchModel(text, shared)
    # Read as YAML, so that a model is written as in a study file.
    tree, problems = read(text, "MODEL")
    if problems:
        raise SpecError("\n".join(map(str, problems)))
    arguments = tree.plain()
    if not isinstance(arguments.get("name"), str):
        raise SpecError(f"MODEL: {{name: NAME, ARGUMENT: VALUE}} is meant, not {text}")
    return BenchModel(arguments.pop("name"), {**shared, **arguments})


def labelled(models: Iterable[BenchModel]) -> dict[str, BenchModel]:
    """The models by label; a model that is listed twice gets two labels and is timed twice."""
    by_label: dict[str, BenchModel] = {}
    for model in models:
        # The number keeps labels apart; equal models show what noise alone does to a ratio.
        same = sum(other == model for other in by_label.values())
        by_label[f"{model.said} #{same + 1}" if same else model.said] = model
    return by_label


def settings(
    modes: Iterable[str],
    batches: Iterable[int],
    sizes: Iterable[int],
    executions: Iterable[ExecutionMode],
) -> tuple[Setting, ...]:
    """All combinations, without repetition."""
    return tuple(
        dict.fromkeys(Setting(*values) for values in product(modes, batches, sizes, executions))
    )


def bench(
    request: BenchRequest,
    store: Store,
    *,
    begins: Callable[[Setting], object],
    tick: Callable[[int, int], object],
) -> Iterator[tuple[str, BenchSession]]:
    """Time the models in every setting; yield each session with its key in the store.

    `begins` is called with every setting, `tick` with its finished rounds and their number.

    Raises:
        StudyError: a model or an argument that does not exist; before anything is timed.
    """
    # Time and a random part, since two benches may begin in the same second.
    key = f"bench-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:4]}"
    record = BenchRecord(
        format=FORMAT,
        began=time.time(),
        device=request.device,
        threads=request.threads,
        seconds=request.seconds,
        resolution=request.resolution,
        models={label: asdict(model) for label, model in request.models.items()},
        baseline=next(iter(request.models)),
        sessions=[],
    )
    for setting in request.settings:
        begins(setting)
        measured = process.session(request, setting, tick)
        named = {"setting": asdict(setting), "said": setting.said}
        session = BenchSession.checked({**measured.plain, **named})
        record = record.model_copy(update={"sessions": [*record.sessions, session]})
        # Kept after every setting: an interrupted bench leaves the sessions that are complete.
        store.keep("timings", key, record)
        yield key, session
