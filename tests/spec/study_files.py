"""A study file without mistakes, its reader, and the names of its trials."""

from pathlib import Path

from study.spec.designs import DESIGNS
from study.spec.problems import report
from study.spec.reader import ReadStudy, study_text, text_of
from study.spec.study import Study
from study.spec.vocabulary import Vocabulary
from study.tasks.classification.plan.identity import digest, resolved
from study.tasks.classification.records import ModelCost, Shape
from study.tasks.known import Known
from tests.conftest import ROOT

VOCABULARY = Vocabulary(designs=DESIGNS, tasks=Known())
ABLATIONS = ROOT / "ablations"
GOOD = """\
question: How?
baseline:
  model: rest_lite
  data: digits
  recipe: {name: smoke, epochs: 2}
factors:
  model.reduction: {DW: depthwise, Avg: average}
  recipe.lr: {low: 1e-4, high: 1e-3}
  model: {whole: {}, bare: {attn_norm: false, head_mix: false}}
seeds: 2
columns: [params, top1]
published:
  Avg: {top1: 72.64, status: derived}
profiles:
  big: {baseline: {data: {img_size: 128}, recipe: {epochs: 9}}, seeds: [3, 5]}
"""


def load_file(tmp_path: Path, text: str, **options: object) -> ReadStudy:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    environment = options.pop("environment", {})
    return study_text(
        text_of(path), path, vocabulary=VOCABULARY, environment=environment, **options
    )


def load(tmp_path: Path, text: str, **options: object) -> tuple[Study | None, str]:
    file = load_file(tmp_path, text, **options)
    messages = report(file.problems).replace(str(tmp_path) + "/", "") if file.problems else ""
    return file.study, messages


def card(arguments):
    shape = Shape(num_classes=10, in_chans=3, img_size=64)
    built = {"model": "rest_lite", "arguments": arguments, "shape": shape, "defaults": {}}
    return ModelCost(**built, slots={}, code={}, cost={})


def name_of(study: Study, choices: tuple[int, ...] = (0, 0, 0), **arguments: object) -> str:
    config = next(arm.config for arm in study.arms if arm.choices == choices)
    defaults = {"reduction": "depthwise", "attn_norm": True, "head_mix": True}
    full = resolved(config, card({**defaults, **config.arguments, **arguments}))
    return digest(full, defaults)
