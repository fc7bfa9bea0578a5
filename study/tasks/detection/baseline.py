"""The baseline of a study that trains detectors: its schema, and how its parts are read."""

from dataclasses import replace
from typing import cast

from pydantic import Field

from study.errors import likely_name
from study.given_weights import OF_TRIAL, RANDOM
from study.spec.problems import Problem
from study.spec.schema import validated
from study.spec.schema.choices import one_of
from study.spec.schema.types import Strict
from study.spec.task import ReadParts
from study.spec.yaml import Tree
from study.tasks.detection.config import BackboneStart, DetectionConfig
from study.tasks.detection.recipes import RECIPES, recipe_of
from study.tasks.detection.schema import (
    KINDS,
    BackboneWeights,
    CocoData,
    DetectionRecipe,
    DetectorKeys,
    NamedDetectionRecipe,
)


class DetectionBaseline(Strict):
    """The detector, data, recipe and weights that all arms depart from."""

    model: DetectorKeys = Field(description="{name: retinanet, backbone: NAME or {name: ...}}")
    data: str | CocoData = Field(
        description="digits_coco, or {name: coco, root: FOLDER}",
        json_schema_extra=one_of(lambda: KINDS),
    )
    recipe: str | NamedDetectionRecipe = Field(
        description="coco_1x, coco_smoke, or {name: ..., lr: ...}",
        json_schema_extra=one_of(lambda: RECIPES),
    )
    weights: str | BackboneWeights = Field(
        RANDOM, description="of the backbone: FILE, trial:NAME, none, or {study: ..., arm: ...}"
    )


def model_of(tree: Tree) -> tuple[DetectorKeys | None, list[Problem]]:
    keys, problems = validated(DetectorKeys, tree, "model.")
    # Arguments of a backbone are arguments of the model in studies of classifiers.
    fields = DetectorKeys.model_fields
    others = [key for key in tree.value if key not in fields and not likely_name(key, fields)]
    hints = {tree.key([key]): f"of the backbone: model.backbone.{key}" for key in others}
    return keys, [replace(p, hint=hints.get(p.location, p.hint)) for p in problems]


def data_of(tree: Tree) -> tuple[CocoData | None, list[Problem]]:
    return validated(CocoData, tree, "data.")


def start_of(tree: Tree) -> tuple[BackboneStart | None, list[Problem]]:
    """The weights that a backbone starts from; random ones where the file does not say."""
    # A part that the file leaves out is read as an empty mapping.
    if tree.value == {}:
        return BackboneStart(), []
    keys, problems = validated(BackboneWeights, tree, "weights.")
    if keys is None:
        return None, problems
    given = [key for key in ("name", "file", "study") if getattr(keys, key)]
    if len(given) != 1:
        message = "weights: give one of FILE, trial:NAME, {study: ..., arm: ...}, none"
        return None, [Problem(message, tree.location)]
    if bool(keys.study) != bool(keys.arm) or (keys.seed is not None and not keys.study):
        message = "weights: study and arm go together; a seed is one of theirs"
        return None, [Problem(message, tree.location)]
    # Text alone is a name: FILE, trial:NAME, or none.
    name = keys.name or ""
    trial = name.removeprefix(OF_TRIAL) if name.startswith(OF_TRIAL) else ""
    file = keys.file or ("" if trial or name == RANDOM else name)
    if keys.key and not file:
        return None, [Problem("weights: only a file has a key", tree.key(["key"]))]
    study, arm = keys.study or "", keys.arm or ""
    return BackboneStart(file, keys.key, trial, study, arm, keys.seed), []


NO_MODEL = DetectorKeys(name="retinanet", backbone="test_rest")
"""In place of a wrong one, so that the other parts can be checked."""


def config(parts: ReadParts) -> DetectionConfig:
    """The configuration of an arm; a wrong part has a default."""
    # Every part has a tree, also one that the file leaves out.
    data_tree, recipe_tree = (parts.trees[part] for part in ("data", "recipe"))
    root, name = data_tree.at(["root"]), recipe_tree.at(["name"]).value
    data = cast(CocoData | None, parts.values.get("data"))
    return DetectionConfig(
        model=cast(DetectorKeys | None, parts.values.get("model")) or NO_MODEL,
        data=data or CocoData(name="digits_coco"),
        recipe=cast(DetectionRecipe | None, parts.values.get("recipe")) or DetectionRecipe(),
        recipe_name=name if isinstance(name, str) else "",
        start=cast(BackboneStart | None, parts.values.get("weights")) or BackboneStart(),
        # The variable, so that trials have the same name wherever the images are.
        root=root.variable or (data.root if data else None),
        plugins=parts.plugins,
        unresolved=parts.unresolved,
    )


PARTS = {"model": model_of, "data": data_of, "recipe": recipe_of, "weights": start_of}
"""The parts of a baseline, each with the function that reads it."""
