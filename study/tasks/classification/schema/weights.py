"""The keys of the weights that training starts from."""

from pydantic import Field

from study.spec.schema.types import Strict


class Weights(Strict):
    """Weights that a model starts from; absent, its initial weights are random."""

    name: str | None = Field(None, description="FILE, timm, trial:NAME, or none")
    file: str | None = Field(None, description="a checkpoint: .pth, .pt or .safetensors")
    key: str | None = Field(None, description="one of several sets of tensors in the file")
