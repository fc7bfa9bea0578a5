"""Memory that a plan takes of timm's models beside their weights, and the counts that it refuses.

    python benchmarks/plan_memory.py                     the models that take most
    python benchmarks/plan_memory.py --every 20          every 20th of timm's
    python benchmarks/plan_memory.py MODEL...

Each model is built, looked at and counted as an arm is, in a process of its own; its peak resident
memory, of which the libraries are 0.5 GB, is printed beside its weights in float32, and its
multiply-adds by all rules.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

GB = 1e9
ALLOWED = 1.5  # GB beside the weights
LIMIT = 20 * 2**30  # bytes of address space of one process, so that none takes the machine along
SECONDS = 600
PRELOADED = ["torch", "timm", "fvcore.nn", "study.metrics.cost", "study.models"]
"""Modules that are imported once, by the process that every model's process is a fork of."""

LARGE = (
    *("vit_giant_patch14_reg4_dinov2", "vit_so400m_patch14_siglip_378", "eva02_large_patch14_448"),
    *("maxvit_xlarge_tf_512", "maxvit_small_tf_512", "swinv2_large_window12to24_192to384"),
    *("beit_large_patch16_512", "convnext_xxlarge", "efficientnet_l2", "tf_efficientnet_b8"),
    *("nfnet_f7", "resnetv2_152x4_bit", "regnety_2560", "coatnet_rmlp_2_rw_384"),
    *(
        "cait_m48_448",
        "xcit_large_24_p8_384",
        "volo_d5_512",
        "davit_giant",
        "naflexvit_so400m_patch16_siglip",
    ),
    *("hiera_huge_224", "mvitv2_huge_cls", "vit_huge_patch14_xp_224", "sam2_hiera_large"),
    *("samvit_huge_patch16", "vit_dlittle_patch16_reg1_gap_256", "crossvit_base_240"),
    "sequencer2d_s",
)
"""Of every kind, the models with the largest images or weights; and one of recurrent layers."""


def plan_one(name: str) -> dict[str, object]:
    """The peak of this process after counting one model, in bytes, and what was refused."""
    import torch
    from timm.models import get_pretrained_cfg

    from study.store.store import Store
    from study.tasks.classification.config import Config
    from study.tasks.classification.plan.arm_cost import arm_cost
    from study.tasks.classification.schema import Data, Recipe

    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    torch.set_num_threads(1)
    size = get_pretrained_cfg(name).input_size
    data = Data(name="digits", img_size=size[-1], in_chans=size[0])
    cost = arm_cost(Config(name, {}, data, Recipe()), Store(Path(tempfile.mkdtemp())))
    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    weights = 4 * int(cost.cost["params"] or 0)
    refused = {"refused": cost.refused, "misfit": cost.misfit}
    macs = cost.cost.get("macs")
    return {"side": size[-1], "peak": peak, "weights": weights, "macs": macs, **refused}


def _send(name: str, to: Connection) -> None:
    try:
        to.send(plan_one(name))
    except Exception as error:  # the failure of a model is its row
        to.send({"error": f"{type(error).__name__}: {error}".splitlines()[0]})


def measured(name: str) -> dict[str, object]:
    """What the process of one model sent, or why there is nothing."""
    began = time.monotonic()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(name, theirs))
    process.start()
    theirs.close()  # so that the end of the process ends the wait
    try:
        if not ours.poll(SECONDS):
            return {"error": f"took more than {SECONDS} s"}
        record: dict[str, object] = ours.recv()
    except EOFError:
        process.join()
        return {"error": f"ended with status {process.exitcode}"}
    finally:
        process.kill()
        process.join()
    return {**record, "seconds": time.monotonic() - began}


def chosen(every: int | None, names: list[str]) -> list[str]:
    import timm

    listed = timm.list_models()
    return names or (listed[::every] if every else [name for name in LARGE if name in listed])


def rows(names: list[str]) -> Iterator[tuple[str, bool]]:
    """A line for each model, and whether it is as it should be."""
    for name in names:
        record = measured(name)
        if "error" in record:
            yield f"{name:<45} {record['error']}", False
            continue
        peak, weights = (float(str(record[key])) / GB for key in ("peak", "weights"))
        beside = peak - weights
        notes = [str(record[key]) for key in ("refused", "misfit") if record[key]]
        macs = "--" if record["macs"] is None else f"{float(str(record['macs'])) / GB:.2f}"
        line = f"{name:<45} {record['side']:>5} {peak:6.2f} {weights:6.2f} {max(beside, 0):6.2f}"
        message = f"{line} {macs:>8} {record['seconds']:5.0f}  {'; '.join(notes)[:160]}"
        yield message, beside <= ALLOWED and not notes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="MODEL")
    parser.add_argument("--every", type=int, metavar="N", help="each Nth of timm's models")
    options = parser.parse_args()
    columns = f"{'px':>5} {'peak':>6} {'weights':>6} {'beside':>6} {'GMACs':>8} {'s':>5}"
    print(f"{'model':<45} {columns}  (memory in GB)")
    failed = 0
    for line, good in rows(chosen(options.every, options.names)):
        failed += not good
        print(line + ("" if good else "  <--"), flush=True)
    print(f"{failed} over {ALLOWED} GB beside the weights, refused or failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.exit(main())
