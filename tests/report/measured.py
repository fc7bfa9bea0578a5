"""Made-up measurements of arms: seeds, timings, counts and histories."""

import json
import math
from dataclasses import replace

import numpy as np

KINDS = ("conv", "linear", "matmul", "norm")


def seeds(mean, spread=0.006, n=3, start=0):
    """Of one arm: a common part of each seed, and a part of its own."""
    common = np.random.default_rng(7).normal(0, spread, 100)[:n]
    own = np.random.default_rng(start).normal(0, spread / 2, n)
    return [round(float(v), 6) for v in np.clip(mean + common + own, 0, 1)]


def timing(throughput):
    latency = 2.1 / throughput
    return {
        "throughput": {"value": throughput, "low": 0.96 * throughput, "high": 1.03 * throughput},
        "latency_p50": {"value": latency, "low": 0.97 * latency, "high": 1.08 * latency},
        "memory": {"value": 3e11 / throughput},
    }


def counted(plan_and_store):
    """Gives every arm's card what the counters say of its parts and stages."""
    plan, store = plan_and_store
    arms = []
    for number, arm in enumerate(plan.arms):
        macs = arm.cost_record.cost.get("macs", 1e9)
        stages = {
            stage: {kind: int(macs * share * part) for kind, part in zip(KINDS, parts, strict=True)}
            for stage, share, parts in zip(
                ("4", "8", "16", "32", "head"),
                (0.35, 0.25, 0.2, 0.15, 0.05),
                (
                    (0.3, 0.5, 0.15, 0.05),
                    (0.2, 0.6, 0.15, 0.05),
                    (0.1, 0.7, 0.15, 0.05),
                    (0.1, 0.6, 0.25 + 0.001 * number, 0.05),
                    (0, 1, 0, 0),
                ),
                strict=True,
            )
        }
        total = {kind: sum(own[kind] for own in stages.values()) for kind in KINDS}
        card = arm.cost_record.model_copy(update={"counts": {"torch": total}, "stages": stages})
        arms.append(replace(arm, cost_record=card))
    return replace(plan, arms=tuple(arms)), store


def learnt(plan_and_store, epochs=12, most=None):
    """Gives every trial that ran a history; one that diverged stops in the middle."""
    plan, store = plan_and_store
    for number, arm in enumerate(plan.arms[:most]):
        for trial in arm.replicates:
            if trial.state == "pending":
                continue
            ran = epochs // 2 if trial.state in ("diverged", "failed") else epochs
            noise = np.random.default_rng(31 * number + trial.seed).normal
            rows = [
                {
                    "epoch": epoch,
                    "lr": 0.1,
                    "train_loss": 0.2 + 2 * math.exp(-epoch / (3 + number % 5)) + noise(0, 0.03),
                    "top1": 0.9 - 0.8 * math.exp(-epoch / (2 + number % 4)) + noise(0, 0.01),
                    "top5": 0.99,
                }
                for epoch in range(ran)
            ]
            if trial.state == "diverged":
                rows[-1] |= {"train_loss": None, "top1": None}
            folder = store.trial(trial.name)
            folder.mkdir(parents=True, exist_ok=True)
            text = "".join(json.dumps(row) + "\n" for row in rows)
            (folder / "history.jsonl").write_text(text)
    return plan, store
