"""The keys of the weights that a backbone starts from."""

from pydantic import Field

from study.spec.schema.types import Seed, Strict, Text


class BackboneWeights(Strict):
    """Weights that a backbone starts from; absent, its initial weights are random.

    Those of a trial are a classifier's; of a study and an arm, those of its first finished seed.
    """

    name: str | None = Field(None, description="FILE, trial:NAME, or none")
    file: str | None = Field(None, description="a checkpoint: .pth, .pt or .safetensors")
    key: str | None = Field(None, description="one of several sets of tensors in the file")
    study: Text | None = Field(None, description="name of the study that trained the classifier")
    arm: Text | None = Field(None, description="label of its arm")
    seed: Seed | None = Field(None, description="of the arm; absent: the first that is finished")
