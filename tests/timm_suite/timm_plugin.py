"""pytest plugin: timm's own tests then see the models of this package.

Those tests pick models by name: of intermediate features, by module; of the shape of features, by
patterns of models whose features are tokens. Our names join one module and one pattern.
"""

from typing import Any

import timm
from timm.models import _registry

import study.models  # noqa: F401  registers the models
from study.models.factory import PRESETS
from study.models.pvt import PRESETS as TOKENS

CHOSEN = "pvt_v2"  # the closest relative among the modules that those tests look at
PATTERN = "coat_*"  # the closest relative among those with a class token and a pyramid

_registry._module_to_models[CHOSEN].update(PRESETS)
list_models = timm.list_models


def listed(*args: Any, **kwargs: Any) -> list[str]:
    """What timm lists, our models with class tokens wherever it lists, or excludes, `PATTERN`."""
    for argument in ("filter", "exclude_filters"):
        patterns = kwargs.get(argument, "")
        if PATTERN in patterns:
            kwargs[argument] = [*patterns, *TOKENS, *(f"{name}.*" for name in TOKENS)]
    return list_models(*args, **kwargs)


timm.list_models = listed
