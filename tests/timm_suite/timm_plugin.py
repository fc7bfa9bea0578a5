"""pytest plugin: timm's own tests then see the models of this package.

Its tests of intermediate features look at chosen modules of timm only; our names join one of those.
"""

from timm.models import _registry

import study.models  # noqa: F401  registers the models
from study.models.rest import PRESETS

CHOSEN = "pvt_v2"  # the closest relative among the modules that those tests look at

_registry._module_to_models[CHOSEN].update(PRESETS)
