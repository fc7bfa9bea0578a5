"""A model of timm with arguments, as tasks that build such models share it."""

from collections.abc import Iterator

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from study import registries
from study.spec.schema import Named
from study.spec.schema.choices import suggested

SLOTS = {
    "stem": "layers before the first stage",
    "embedding": "layers between two stages, which halve the resolution",
    "reduction": "how attention shrinks its keys and values",
    "position": "how positions are encoded",
}
"""Arguments of ResT and PVT that name a part of a registry of this name."""

EXAMPLES: JsonDict = {
    "bool": [True, False],
    "counts": [[2, 2, 2, 2]],
    "ratios": [[8, 4, 2, 1]],
    "rate": [0.1],
    "pool": ["avg", "max", "token"],
    "sizes": [[64, 128, 256, 512]],
}
ARGUMENTS = {
    # Of every model.
    "pretrained": ("bool", "start from the weights that timm downloads"),
    "checkpoint_path": ("", "file of weights to start from"),
    "checkpoint_key": ("", "one of several sets of tensors in that file"),
    # Of many models of timm.
    "drop_rate": ("rate", "dropout before the classifier"),
    "drop_path_rate": ("rate", "stochastic depth of the last block"),
    "proj_drop_rate": ("rate", "dropout after attention and in the MLP"),
    "attn_drop_rate": ("rate", "dropout of the attention matrix"),
    "global_pool": ("pool", "how the features become one vector"),
    "patch_size": ("", "pixels of a side of a patch"),
    "embed_dim": ("", "channels of a token"),
    "depth": ("", "number of blocks"),
    "num_heads": ("", "heads of attention"),
    "mlp_ratio": ("", "hidden channels of the MLP, relative to those of a token"),
    "class_token": ("bool", "a token whose features are classified"),
    "init_values": ("", "initial value of LayerScale"),
    # Of ResT and PVT, by stage.
    "head_mix": ("bool", "1x1 convolution over the heads of attention"),
    "attn_norm": ("bool", "instance norm behind the softmax of attention"),
    "dims": ("sizes", "channels of each stage"),
    "depths": ("counts", "blocks of each stage"),
    "heads": ("counts", "heads of attention of each stage"),
    "ratios": ("ratios", "how much attention shrinks keys and values, by stage"),
    "mlp_ratios": ("counts", "hidden channels of the MLP, relative to those of the stage"),
    "qkv_bias": ("bool", "biases of queries, keys and values"),
}
"""Arguments that editors suggest: the examples of their values, and what they mean."""


def model_names() -> Iterator[str]:
    """The models of this package and of timm, without tags of their weights."""
    # Importing a registry of parts imports the models of this package.
    registries.registry("stem")
    # Empty until timm itself is imported, which the parts do.
    yield from sorted(registries.entries((registries.MODEL,))[registries.MODEL])


def _with_arguments(schema: JsonDict) -> None:
    """Suggest arguments; a model may have any others, and take any values."""
    keys: JsonDict = {
        name: {"description": meaning, "examples": EXAMPLES.get(kind, [])}
        for name, (kind, meaning) in ARGUMENTS.items()
    }
    for slot, meaning in SLOTS.items():
        # No enumeration: other models of timm have arguments of these names.
        keys[slot] = {"description": meaning, "examples": [*registries.registry(slot)]}
    swaps: JsonDict = {"enum": [*registries.registry("replacement")]}
    replace: JsonDict = {
        "description": 'modules to swap by name: {"blocks.*.attn": identity}',
        "type": "object",
        "additionalProperties": swaps,
    }
    # Beside `name`, which the class has.
    own = schema.get("properties")
    schema.update(properties={**(own if isinstance(own, dict) else {}), **keys, "replace": replace})


class NamedModel(Named):
    """A model of timm or of this package, and arguments of its constructor."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_with_arguments)
    name: str = Field(
        description="any name of timm, with or without the tag of its weights",
        json_schema_extra=suggested(model_names),
    )
