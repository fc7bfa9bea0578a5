"""Studies in every state that a report may be made in."""

from dataclasses import replace

from study.store.records import Evaluation
from study.store.timing_records import TimingSession
from tests.report.conftest import NASTY
from tests.report.measured import counted, learnt, seeds, timing

NAN = float("nan")
RATIOS = ["8-4-2-1", "4-2-1-1", "2-1-1-1", "1-1-1-1 (MSA)"]
EMSA = {
    "model.reduction": ["Depth-wise Conv2d", "Average Pooling", "Max Pooling"],
    "model.ratios": RATIOS,
}
ELEMENTS = {
    "model.position": ["none", "PA"],
    "model.stem": ["Patch", "Overlapping", "ResT"],
    "model.head_mix": ["w/o", "Conv-1x1"],
}
TWO = {"model.attn_norm": ["IN", "w/o IN", "LayerNorm"], "model.head_mix": ["Conv-1x1", "w/o"]}
SIZES = {"data.img_size": ["64 px", "128 px", "256 px", "512 px"], "model.ratios": ["EMSA", "MSA"]}


def emsa(lab, **more):
    """One at a time, everything measured, with an A/A arm and published numbers."""
    labels = ["baseline", *EMSA["model.reduction"][1:], *RATIOS[1:]]
    means = [0.951, 0.938, 0.967, 0.954, 0.958, 0.944]
    cost = [2.52, 2.51, 2.51, 2.513, 2.51, 2.508], [31.0, 30.9, 30.9, 32.7, 36.1, 43.2]
    rates = [1117, 1138, 1111, 1107, 936, 740]
    protocol = {"data": "digits", "img_size": 64, "recipe": "smoke", "epochs": 3, "batch_size": 128}
    stated = {"protocol": protocol}
    return lab(
        EMSA,
        **{
            "top1": {
                a: seeds(m, start=i) for i, (a, m) in enumerate(zip(labels, means, strict=True))
            },
            "again": seeds(0.949, start=99),
            "aa": True,
            "cost": {
                a: {"params": p * 1e6, "macs": m * 1e6}
                for a, p, m in zip(labels, *cost, strict=True)
            },
            "timed": {a: timing(t) for a, t in zip(labels, rates, strict=True)},
            "columns": ("params", "macs", "throughput", "latency_p50", "memory", "top1"),
            "published": {
                "Depth-wise Conv2d": {"top1": 95.3, "params": 2.52, **stated},
                "Average Pooling": {"top1": 94.88, "status": "derived", **stated},
                "Max Pooling": {"top1": 94.3, "params": 2.49, **stated},
                "1-1-1-1 (MSA)": {"top1": 72.68},
                "4-2-1-1": {"top1": 96.2, "status": "unverified", **stated},
            },
            "margins": {"top1": 1.0},
            **more,
        },
    )


def one_seed(lab):
    return lab(
        EMSA,
        seeds=1,
        columns=("macs", "top1"),
        top1={"baseline": [0.9], "Average Pooling": [0.91], "4-2-1-1": [0.89]},
    )


def mixed(lab):
    """Diverged, failed, running, partly missing, two qualities."""
    return lab(
        {"model.reduction": ["DW", "Diverges at once", "Fails", "Never run", "Two seeds", "Fine"]},
        top1={
            "baseline": seeds(0.9),
            "Diverges at once": [0.88, NAN, 0.87],
            "Fails": ["failed"] * 3,
            "Two seeds": [*seeds(0.91, n=2), "failed"],
            "Fine": seeds(0.93, start=4),
        },
        columns=("macs", "top1"),
    )


def baseline_diverged(lab):
    return lab(EMSA, top1={"baseline": [NAN, 0.9, 0.9], "Average Pooling": seeds(0.9)})


def all_failed(lab):
    return lab(EMSA, top1=dict.fromkeys(["baseline", "Average Pooling"], ["failed"] * 3))


def many(lab):
    """A hundred arms in two factors: more than two pages of each figure."""
    factors = {f"model.{f}": [f"{f} {i}" for i in range(51)] for f in ("a", "b")}
    labels = [f"{f} {i}" for f in "ab" for i in range(1, 51)]
    return lab(
        factors,
        top1={"baseline": seeds(0.9)}
        | {a: seeds(0.9 + i / 4000, start=i) for i, a in enumerate(labels)},
        cost={a: {"params": 1e6 + 2e4 * i, "macs": 1e9 * 1.02**i} for i, a in enumerate(labels)},
        timed={a: timing(900 + i) for i, a in enumerate(["baseline", *labels])},
        columns=("macs", "throughput", "top1"),
    )


def factorial(lab):
    plan, store = lab(
        TWO,
        designs=("factorial",),
        columns=("params", "top1"),
        top1={
            "baseline": seeds(0.93),
            "w/o IN": seeds(0.92, start=1),
            "LayerNorm": seeds(0.925, start=2),
            "w/o": seeds(0.9, start=3),
            "w/o IN + w/o": seeds(0.86, start=4),
            "LayerNorm + w/o": seeds(0.91, start=5),
        },
    )
    return plan, store


def three_factors(lab):
    """All combinations, on the way to which lies a cumulative table; one diverged."""
    words = ["", "PA"]
    values = {}
    for i, stem in enumerate(ELEMENTS["model.stem"]):
        for j, position in enumerate(words):
            for k, mix in enumerate(["", "Conv-1x1"]):
                names = [position, stem if i else "", mix]
                label = " + ".join(filter(None, names)) or "baseline"
                values[label] = seeds(
                    0.9 + 0.01 * i + 0.012 * j + 0.004 * k, start=i + 3 * j + 7 * k
                )
    values["Overlapping + Conv-1x1"][1] = NAN
    return lab(ELEMENTS, designs=("cumulative", "factorial"), top1=values)


def numbers(lab):
    """A factor whose levels are numbers, and one whose levels are not."""
    rates = {"0": 0.0, "0.1": 0.1, "0.2": 0.2, "0.3": 0.3, "0.5": 0.5}
    factors = {"model.drop_path_rate": rates, "model.position": ["none", "PA"]}
    means = {"baseline": 0.97, "0.1": 0.985, "0.2": 0.99, "0.3": 0.975, "0.5": 0.93, "PA": 0.98}
    return lab(factors, top1={a: seeds(m, start=i) for i, (a, m) in enumerate(means.items())})


def fraction(lab):
    """Half of the combinations of three factors, so that main effects are aliased."""
    factors = {f"model.{name}": ["without", name.upper()] for name in "abc"}
    values = {
        "baseline": seeds(0.90),
        "B + C": seeds(0.92, start=1),
        "A + C": seeds(0.93, start=2),
        "A + B": seeds(0.95, start=3),
    }
    return lab(factors, designs={"fractional": {"resolution": 3}}, top1=values)


def path(lab):
    """A cumulative table, and nothing else."""
    labels = ["baseline", "PA", "PA + Overlapping", "PA + ResT", "PA + ResT + Conv-1x1"]
    means, macs = [0.90, 0.913, 0.92, 0.924, 0.931], [1.1, 1.12, 1.3, 1.35, 1.4]
    plan, store = lab(
        ELEMENTS,
        designs=("cumulative",),
        columns=("params", "macs", "top1"),
        aa=True,
        top1={a: seeds(m, start=i) for i, (a, m) in enumerate(zip(labels, means, strict=True))},
        cost={a: {"params": 1e7 * m, "macs": 1e9 * m} for a, m in zip(labels, macs, strict=True)},
        again=seeds(0.899, start=50),
    )
    return replace(plan, arms=tuple(arm for arm in plan.arms if arm.label in labels)), store


def resolution(lab):
    """Costs over image sizes, for two models."""
    plan, store = lab(
        SIZES, designs=("factorial",), seeds=0, columns=("macs", "macs_matmul", "memory")
    )
    sizes = [int(label.split()[0]) for label in SIZES["data.img_size"]]
    arms, session = [], {}
    for arm in plan.arms:
        side, msa = sizes[arm.arm.choices[0]], arm.arm.choices[1]
        product = 6e4 * (side / 64) ** 4 * (25 if msa else 1)
        cost = {"params": 2.5e6, "macs": 3e7 * (side / 64) ** 2 + product, "macs_matmul": product}
        config = replace(
            arm.arm.config, data=arm.arm.config.data.model_copy(update={"img_size": side})
        )
        arms.append(
            replace(
                arm,
                arm=replace(arm.arm, config=config),
                cost_record=arm.cost_record.model_copy(update={"cost": cost}),
            )
        )
        session[arm.digest] = {"memory": {"value": 6e7 + 900 * side**2 + 40 * product / 100}}
    plan = replace(plan, arms=tuple(arms))
    record = {"arms": session, "environment": {"device": "NVIDIA H200"}}
    store.keep("timings", plan.key, TimingSession.checked(record))
    return plan, store


LONG = "A name of many words that says and explains all that a factor does to the model, at length"
WEIRD = [
    *NASTY[:10],
    LONG,
    "unbrokenbutverylongnamethatdoesnotendbeforethelinedoes" * 2,
    "注意力機制",
    "new\nline\ttab",
    "مرحبا",
    "",
]


def weird(lab):
    """Every text that a label may be, in every figure."""
    labels = ["baseline", *WEIRD]
    top1 = {a: seeds(0.9 + 0.003 * i, start=i) for i, a in enumerate(labels)}
    protocol = {"data": "digits", "img_size": 64, "recipe": "smoke", "epochs": 3, "batch_size": 128}
    return lab(
        {"model.x <b>&$_": ["$first_1$", *WEIRD]},
        top1=top1,
        designs=("cumulative",),
        margins={"top1": 1},
        cost={a: {"params": 1e6 * (i + 1), "macs": 1e9 + 1e8 * i} for i, a in enumerate(labels)},
        timed={a: timing(100 + i) for i, a in enumerate(labels)},
        published={a: {"top1": 90.5, "protocol": protocol} for a in WEIRD[:3]},
    )


def weird_factorial(lab):
    first, other = WEIRD[:4], WEIRD[9:13]
    names = [
        " + ".join(filter(None, (a, b))) or "baseline" for a in ("", *first) for b in ("", *other)
    ]
    return lab(
        {"model.<i>": ["$a$", *first], "recipe.%": ["_b_", *other]},
        designs=("factorial",),
        top1={name: seeds(0.8 + 0.002 * i, start=i) for i, name in enumerate(names)},
    )


def wide(lab):
    """Four qualities, six seeds."""
    labels = ["baseline", "Average Pooling", "Max Pooling", *RATIOS[1:3]]
    plan, store = lab(
        EMSA,
        seeds=6,
        columns=("macs", "top1", "top1@56", "top1@72", "top1@96"),
        top1={a: seeds(0.9, n=6, start=i) for i, a in enumerate(labels)},
    )
    for trial in plan.trials:
        if trial.done:
            value = store.result(trial.name).metrics["top1"]
            for size in plan.sizes:
                store.write_evaluation(
                    trial.name, size, Evaluation(metrics={"top1": value - abs(size - 64) / 300})
                )
    return plan, store


SCENES = {
    "nothing": lambda lab: lab(EMSA),
    "one seed": lambda lab: learnt(one_seed(lab)),
    "two seeds": lambda lab: lab(
        EMSA, seeds=2, top1={"baseline": [0.9, 0.91], "Average Pooling": [0.92, 0.9]}
    ),
    "emsa": lambda lab: learnt(counted(emsa(lab))),
    "mixed": lambda lab: learnt(counted(mixed(lab))),
    "baseline diverged": lambda lab: learnt(baseline_diverged(lab)),
    "all failed": lambda lab: learnt(all_failed(lab)),
    "many": lambda lab: learnt(counted(many(lab)), epochs=3, most=20),
    "numbers": numbers,
    "factorial": factorial,
    "three factors": three_factors,
    "fraction": fraction,
    "path": path,
    "resolution": lambda lab: counted(resolution(lab)),
    "refused": lambda lab: lab(EMSA, cost=dict.fromkeys(["baseline", *RATIOS[1:]], "no count")),
    "weird": lambda lab: learnt(counted(weird(lab))),
    "weird factorial": lambda lab: learnt(weird_factorial(lab)),
    "wide": wide,
    "no seeds": lambda lab: lab(EMSA, seeds=0, columns=("params", "macs")),
}
