"""The weights and recipes that arms start from: those of a finished trial, and notes on both."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

from study.errors import StoreError
from study.spec.image_size import printed
from study.spec.places import Places
from study.spec.problems import Location, Problem
from study.spec.study import Arm, Study
from study.store.store import Store
from study.tasks.arms import ResolvedArm
from study.tasks.classification import finished
from study.tasks.classification.config import Config, config_of, evaluates_given_weights
from study.tasks.classification.records import ModelCost
from study.tasks.classification.schema import NO_RECIPE

STEPPED = ("memory", "train_throughput")  # columns that measure a training step


def located(arm: Arm, store: Store) -> Arm:
    """The arm with the weights of a finished trial at their place in the store.

    Raises:
        StoreError: the trial does not exist, is not finished, or has no weights.
    """
    config = config_of(arm)
    if not config.weights.trial:
        return arm
    checkpoint = finished.checkpoint(store, config.weights.trial)
    return replace(arm, config=config.starting_from(checkpoint))


def located_study(study: Study, places: Places, store: Store) -> tuple[Study, list[Problem]]:
    """The study with all arms `located`; one whose trial has no weights starts at random."""
    arms, problems = list[Arm](), list[Problem]()
    # Once for every trial, as its whole file is read.
    checkpoint = cache(lambda name: finished.checkpoint(store, name))
    for arm in study.arms:
        config = config_of(arm)
        try:
            if config.weights.trial:
                arm = replace(arm, config=config.starting_from(checkpoint(config.weights.trial)))
        except StoreError as error:
            mark = place(places, arm.choices)
            problems.append(Problem(f"weights: {error}", mark))
        arms.append(arm)
    return replace(study, arms=tuple(arms)), problems


def place(places: Places, choices: Sequence[int]) -> Location:
    """The position of the file or the name in the part `weights` of an arm."""
    tree = places.tree("weights", choices)
    # Where the part has neither, `at` stops at the part itself.
    return tree.at(["file" if "file" in tree.value else "name"]).location


def problems(
    study: Study, arm: Arm, cost: ModelCost, places: Places, store: Store
) -> Iterator[Problem]:
    """Problems of weights that do not fit, and of an arm that trains nothing but would have to."""
    config = config_of(arm)
    if config.weights.trial and (message := _other_grid(config, store)):
        yield Problem(message, place(places, arm.choices))
    # Without seeds a study only counts and times, for which a random classifier will do.
    if cost.new_head and study.seeds and not config.recipe.total_epochs:
        named = place(places, arm.choices) if config.weights_part else places.deciding(arm.choices)
        yield Problem(f"{cost.new_head}, and nothing is trained", named, "name a recipe")
    stepped = [name for name in study.columns if name in STEPPED]
    if stepped and config.trains_nothing:
        message = f"recipe {NO_RECIPE} has no training step, which {stepped[0]} measures"
        yield Problem(message, places.tree("recipe", arm.choices).location, "name a recipe")


def _other_grid(config: Config, store: Store) -> str:
    """The reason why positions of a trial's weights would be taken for other places, or ""."""
    try:
        record, path = finished.finished(store, config.weights.trial)
    except StoreError:  # reported where the weights are looked up
        return ""
    theirs = record.data.img_size
    if isinstance(theirs, int) or theirs == config.data.img_size:
        return ""
    # Here, since it imports torch.
    from study.models.checkpoint_files import contents, states

    tensors = (item for _, state in states(contents(path)) for item in state.items())
    # Of shape (1, tokens, C): timm takes the square root of the tokens for both sides of the grid.
    if any(name.endswith("pos_embed") and tensor.ndim == 3 for name, tensor in tensors):
        size, other = printed(config.data.img_size), printed(theirs)
        trial = config.weights.trial
        return f"trial {trial} was trained at {other} px: its positions mean other places at {size}"
    return ""


def notes(study: Study, arms: Sequence[ResolvedArm], store: Store) -> Iterator[str]:
    """Notes on classifiers that start at random, and on what files of recipes leave open."""
    # By note, so that one about several arms is printed once.
    rows = dict[str, list[str]]()
    for arm in arms:
        config = config_of(arm.arm)
        for note in (*_of_arm(study, config, arm.cost_record), *_evaluation(config, store)):
            rows.setdefault(note, []).append(arm.label)
    for note, labels in rows.items():
        yield note if len(labels) == len(arms) else f"{', '.join(labels)}: {note}"


def _of_arm(study: Study, config: Config, cost: object) -> Iterator[str]:
    if isinstance(cost, ModelCost) and cost.new_head:
        yield cost.new_head
    # These notes are about training, which a study without seeds does not do.
    yield from config.recipe_notes if study.seeds else ()
    if study.seeds and config.trains_nothing and not evaluates_given_weights(config):
        yield "no weights are given and nothing is trained: the quality is that of random weights"


def _evaluation(config: Config, store: Store) -> Iterator[str]:
    """A note on weights of a trial whose images were resized or cropped otherwise."""
    if not (config.trains_nothing and config.weights.trial):
        return
    record, _ = finished.finished(store, config.weights.trial)
    for key in ("interpolation", "crop_pct"):
        theirs, ours = getattr(record.recipe, key), getattr(config.recipe, key)
        if theirs != ours:
            yield (
                f"evaluated with {key} {ours}, where trial {config.weights.trial} has {theirs}: "
                f"set recipe.{key} for its own accuracy"
            )
