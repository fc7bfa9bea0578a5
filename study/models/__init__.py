"""ResT and PVT as timm models, and the registries of the parts that a study swaps in them."""

from collections.abc import Callable, Mapping

from torch import nn

from study.models.factory import build, called, resolved
from study.models.parts.embeddings import EMBEDDINGS
from study.models.parts.positions import POSITIONS
from study.models.parts.reductions import REDUCTIONS
from study.models.parts.stems import STEMS

__all__ = ["SLOTS", "build", "called", "resolved"]

# A plugin adds its parts to these dictionaries, so the names in a slot are not fixed.
SLOTS: Mapping[str, Mapping[str, Callable[..., nn.Module]]] = {
    "stem": STEMS,
    "embedding": EMBEDDINGS,
    "reduction": REDUCTIONS,
    "position": POSITIONS,
}
