"""How much faster the fast paths of ResT and PVT are than their plain code, on one core.

    python -m benchmarks.model [--rounds 15] [--only TEXT]

Arms are built anew for every round, and take turns in reverse order in every second one. A ratio is
the median over rounds of plain by arm, with its quartiles, by the CPU time of this process, which
other processes disturb little. All arms have the allocator settings of a worker. Training steps are
forward, backward and a fused AdamW. `transcription.py` is ResT as its paper writes it down.
"""

import copy
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import timm
import torch
from torch import nn

import study.models  # noqa: F401  registers rest_lite with timm
from benchmarks.rows import Row, as_worker, command_line, report, spread
from benchmarks.transcription import Transcription
from study.models.deploy import deployed
from study.models.fast import trainable

Call = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """A model, a batch, and the bars of its ratios by arm."""

    model: str
    images: int
    size: int
    bars: Mapping[str, float]
    arguments: Mapping[str, object] = field(default_factory=dict)
    training: bool = False

    @property
    def title(self) -> str:
        changes = ", ".join(f"{key} {value}" for key, value in self.arguments.items())
        model = f"{self.model} ({changes})" if changes else self.model
        step = "training step, " if self.training else ""
        return f"{step}{model}, {self.images} x {self.size} px"


NEITHER = {"head_mix": False, "attn_norm": False}
CASES = (
    Case("rest_lite", 1, 224, {"transcription": 1.0, "folded": 1.5}),
    Case("rest_lite", 8, 224, {"transcription": 1.0, "reordered": 1.15, "folded": 1.3}),
    Case("rest_lite", 32, 224, {"folded": 1.3}),
    Case("rest_base", 8, 224, {"folded": 1.2}),
    Case("rest_lite", 8, 224, {"folded": 1.0}, NEITHER),
    Case("pvt_tiny", 8, 224, {"folded": 1.0}),
    Case("rest_lite", 8, 224, {"transcription": 1.0, "reordered": 1.15}, training=True),
    Case("rest_lite", 64, 64, {"reordered": 1.15}, training=True),
    Case("rest_lite", 8, 224, {"reordered": 1.0}, NEITHER, training=True),
    Case("pvt_tiny", 8, 224, {"reordered": 1.0}, training=True),
)


def inferring(model: nn.Module, images: torch.Tensor) -> Call:
    model.eval()

    @torch.inference_mode()
    def call() -> object:
        return model(images)

    return call


def training(model: nn.Module, images: torch.Tensor) -> Call:
    optimizer = torch.optim.AdamW(model.train().parameters(), fused=True)
    labels = torch.zeros(len(images), dtype=torch.long)

    def call() -> object:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        return optimizer.step()

    return call


def calls(case: Case) -> dict[str, Call]:
    """The calls of a case by arm, the plain one first, each with a model of its own."""
    images = torch.randn(case.images, 3, case.size, case.size)
    plain = timm.create_model(case.model, **case.arguments).eval()
    call = training if case.training else inferring
    arms = {"plain": plain, "reordered": trainable(copy.deepcopy(plain))}
    if not case.training:
        arms["folded"] = deployed(copy.deepcopy(plain), (case.size, case.size))
    if "transcription" in case.bars:
        arms["transcription"] = Transcription(copy.deepcopy(plain))
    return {arm: call(model, images) for arm, model in arms.items()}


def seconds(call: Call) -> float:
    call()  # the first one allocates, and finds the caches full of another arm
    start = time.process_time()
    call()
    return time.process_time() - start


def ratios(case: Case, rounds: int) -> dict[str, list[float]]:
    """Plain by each other arm, in every round.

    Models are built anew for each round: where weights come to lie in memory is worth 1 to 2 %.
    """
    every: dict[str, list[float]] = {}
    for turn in range(rounds):
        arms = calls(case)
        times = {arm: seconds(arms[arm]) for arm in [*arms][:: 1 if turn % 2 else -1]}
        base, *others = arms
        for arm in others:
            every.setdefault(arm, []).append(times[base] / times[arm])
    return every


def rows(case: Case, rounds: int) -> Iterator[Row]:
    for arm, own in ratios(case, rounds).items():
        # The plain model is the one that must not be slower.
        values = [1 / value for value in own] if arm == "transcription" else own
        name = "plain against the transcription" if arm == "transcription" else f"{arm} path"
        yield Row("model", f"{case.title}: {name}", *spread(values), bar=case.bars.get(arm))


if __name__ == "__main__":
    as_worker("benchmarks.model")
    command = command_line(__doc__)
    command.add_argument("--rounds", type=int, default=15)
    command.add_argument("--only", default="", help="the cases whose title has this text")
    options = command.parse_args()
    torch.set_num_threads(1)  # the CPU time of one thread is that of its work
    torch.manual_seed(0)
    for case in CASES:
        if options.only in case.title:
            report(rows(case, options.rounds), options.rows)
