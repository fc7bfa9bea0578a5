"""The names of all trials of the shipped studies, and every digit of the tables of some.

`python tests/golden/make.py` writes both anew; test_golden.py compares. Nothing is trained or
timed: the results are numbers derived from the names of the trials that they belong to. Prose of
captions and notes is left out, since it may be reworded.
"""

import contextlib
import csv
import hashlib
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
NAMES, TABLES = HERE / "names.json", HERE / "tables.json"
IMPORTS = {"examples/my_blocks.yaml": "examples/my_blocks.py"}
REPORTED = ("emsa_reduction", "emsa_factorial", "stem", "position", "resolution")
PROSE = {"caption"}
# A number as the tables print it: with a real minus sign, thousands or an exponent.
NUMBER = re.compile(r"[-+−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
QUALITIES = {"top1": (0.6, 0.3), "top5": (0.9, 0.1), "loss": (0.3, 1.0)}  # lowest value, width
TIMINGS = {"throughput": (200.0, 900.0), "throughput_compiled": (200.0, 900.0)}
TIMINGS |= {"latency_p50": (1e-3, 5e-3), "latency_p95": (2e-3, 6e-3)}
TIMINGS |= {"train_throughput": (50.0, 200.0)}
MEMORIES = {"memory": (1e8, 5e8), "train_memory": (5e8, 2e9)}
IMAGES = 300  # predictions per trial


# ---- names ----


def studies() -> list[tuple[str, str]]:
    """Every shipped study file with each of its profiles; "" is no profile."""
    from ruamel.yaml import YAML

    pairs = []
    for path in sorted([*ROOT.glob("ablations/*.yaml"), *(ROOT / name for name in IMPORTS)]):
        profiles = YAML(typ="safe").load(path.read_text("utf-8")).get("profiles") or {}
        pairs += [(str(path.relative_to(ROOT)), name) for name in ("", *profiles)]
    return pairs


def names(file: str, profile: str, store: Path) -> dict[str, Any]:
    """By label of every arm, the names of its trials and what it costs."""
    plan = planned(file, profile, store)
    return {
        arm["label"]: {"trials": [t["name"] for t in arm["trials"]], "cost": arm["cost"]}
        for arm in plan["arms"]
    }


def planned(file: str, profile: str, store: Path) -> dict[str, Any]:
    """The plan as `study plan --json` prints it."""
    return dict(json.loads(command("plan", *request(file, profile, store), "--json")))


def request(file: str, profile: str, store: Path) -> list[str]:
    """The arguments that name a study and its store."""
    imports = ["--import", IMPORTS[file]] if file in IMPORTS else []
    return [file, *(["--profile", profile] if profile else []), *imports, "--store", str(store)]


def command(*arguments: str) -> str:
    """What `study ...` prints, run in this process so that torch is imported once."""
    from study.cli import main

    output, before, folder = io.StringIO(), sys.argv, Path.cwd()
    absent = {
        name: f"/nonexistent/{name.lower()}" for name in ("IMAGENET", "FASHION_MNIST", "COCO")
    }
    variables = {name: os.environ.get(name) for name in absent}
    try:
        os.chdir(ROOT)
        os.environ.update(absent)
        sys.argv = ["study", *arguments]
        with contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
            main()
    finally:
        os.chdir(folder)
        sys.argv = before
        for name, value in variables.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    return output.getvalue()


# ---- tables ----


def tables(name: str, store: Path, reports: Path) -> dict[str, list[list[str]]]:
    """All tables and frames of the report on a study with derived results, by file name."""
    file = f"ablations/{name}.yaml"
    fill(file, store)
    command("report", *request(file, "", store), "--reports", str(reports))
    files = sorted((reports / name).glob("*.csv")) + sorted((reports / name).glob("*.md"))
    return {path.name: list(rows(path)) for path in files}


def rows(path: Path) -> Iterator[list[str]]:
    """The label and the numbers of each row of a table.

    A frame is recognized by its full precision: its floats are compared to ten digits, which
    another version of numpy repeats; the cells of a table are compared as they are printed.
    """
    text = path.read_text("utf-8")
    if path.suffix == ".md":
        for line in text.splitlines():
            if line.startswith("|"):
                label, *cells = (cell.strip() for cell in line.strip("|").split("|"))
                yield [label, *(n for cell in cells for n in NUMBER.findall(cell))]
        return
    header, *lines = csv.reader(io.StringIO(text))
    printed = header[:3] == ["factor", "arm", "baseline"]
    for row in lines:
        if printed:
            yield [*row[:3], *(n for cell in row[3:] for n in NUMBER.findall(cell))]
        else:
            yield [row[0], *(f"{float(c):.10g}" for c in row[1:] if _is_number(c))]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# ---- a store of derived results ----


def fill(file: str, store: Path) -> None:
    """Give every trial of a study a result, and the study a timing session.

    Files are written without the store's code and in the format of version 1 of a result, so that
    they also show that such stores stay readable. The last trial diverged; the one before failed.
    """
    plan = planned(file, "", store)
    trials = [(arm, trial) for arm in plan["arms"] for trial in arm["trials"]]
    states = dict.fromkeys((trial["name"] for _, trial in trials), "completed")
    if "position" in file:
        states |= {trials[-1][1]["name"]: "diverged", trials[-2][1]["name"]: "failed"}
    sizes = sorted({int(c.split("@")[1]) for c in columns(file) if "@" in c})
    for arm, trial in trials:
        _result(store / "trials" / trial["name"], arm, trial, states[trial["name"]], sizes)
    session = {arm["arm"]: _timings(arm["arm"]) for arm in plan["arms"]}
    environment = {"device": "NVIDIA H200", "machine": "golden"}
    write(
        store / "timings" / f"{session_key(file, store)}.json",
        {"arms": session, "environment": environment, "how": {"rounds": 7, "batch_size": 64}},
    )


def session_key(file: str, store: Path) -> str:
    """The name of a study's timing session."""
    from study.api.request import StudyRequest

    return StudyRequest(ROOT / file, None, (), store).plan()[0].key


def columns(file: str) -> list[str]:
    from ruamel.yaml import YAML

    return list(YAML(typ="safe").load((ROOT / file).read_text("utf-8"))["columns"])


def _result(
    folder: Path, arm: dict[str, Any], trial: dict[str, Any], state: str, sizes: list[int]
) -> None:
    name = trial["name"]
    metrics: dict[str, float | None] = {
        m: derived(name, m, *span, digits=4) for m, span in QUALITIES.items()
    }
    if state == "diverged":
        metrics = dict.fromkeys(metrics)
    if state == "failed":
        metrics = {}
    epochs = [
        {
            "epoch": epoch,
            "train_loss": derived(name, f"train {epoch}", 0.2, 2.0),
            **{m: derived(name, f"{m} {epoch}", *span) for m, span in QUALITIES.items()},
        }
        for epoch in range(3)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in epochs)
    (folder / "history.jsonl").write_text(text)
    if state == "completed":
        _predictions(folder / "predictions-1.npz", name, metrics["top1"] or 0.0)
        for size in sizes:
            at_size = {m: derived(name, f"{m}@{size}", *span) for m, span in QUALITIES.items()}
            write(folder / f"at-{size}.json", {"metrics": at_size})
    record = {"format": 1, "trial": name, "state": state, "config": arm["config"]}
    record |= {"metrics": metrics, "seconds": 10.0, "predictions": "predictions-1.npz"}
    write(folder / "result.json", record | ({"error": "refused"} if state == "failed" else {}))


def _predictions(path: Path, name: str, top1: float) -> None:
    """The five likeliest classes of each image: the first is right for a share `top1` of them."""
    random = np.random.default_rng(int(hashlib.sha256(name.encode()).hexdigest()[:8], 16))
    target = np.arange(IMAGES) % 10
    wrong = random.random(IMAGES) >= top1
    top = (target[:, None] + np.arange(5) + wrong[:, None]) % 10
    np.savez(path, target=target, top=top)


def _timings(digest: str) -> dict[str, Any]:
    spreads = {}
    for metric, span in TIMINGS.items():
        value, ratio = derived(digest, metric, *span), derived(digest, f"ratio {metric}", 0.7, 0.6)
        spreads[metric] = {
            "value": value,
            "low": 0.97 * value,
            "high": 1.04 * value,
            "ratio": {"value": ratio, "low": 0.98 * ratio, "high": 1.02 * ratio},
        }
    memories = {m: {"value": derived(digest, m, *span)} for m, span in MEMORIES.items()}
    return spreads | memories


def derived(name: str, metric: str, low: float, width: float, digits: int = 12) -> float:
    """A number between `low` and `low + width` that the two names alone decide."""
    share = int(hashlib.sha256(f"{name} {metric}".encode()).hexdigest()[:12], 16) / 16**12
    return round(low + width * share, digits)


def write(path: Path, record: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        every = {f"{f} {p}".strip(): names(f, p, store) for f, p in studies()}
        NAMES.write_text(json.dumps(every, indent=1) + "\n")
        reports = Path(folder) / "reports"
        by_study = {name: tables(name, Path(folder) / name, reports) for name in REPORTED}
        TABLES.write_text(_compact(by_study))


def _compact(studies: dict[str, dict[str, list[list[str]]]]) -> str:
    """JSON with one row of a table per line, so that a changed digit is a changed line."""
    parts = []
    for study, files in studies.items():
        bodies = []
        for file, lines in files.items():
            inner = ",\n".join("   " + json.dumps(row, ensure_ascii=False) for row in lines)
            bodies.append(f"  {json.dumps(file)}: [\n{inner}\n  ]")
        parts.append(f" {json.dumps(study)}: {{\n" + ",\n".join(bodies) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    main()
