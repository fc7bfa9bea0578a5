"""pytest plugin: timm's own tests then see the models of this package.

Some of them look at chosen modules of timm only; our names are added to one of those modules.
"""

from timm.models import _registry

import study.models  # noqa: F401  registers the models
from study.models.rest import PRESETS

CHOSEN_MODULE = "pvt_v2"  # one that the tests of intermediate features list

_registry._module_to_models[CHOSEN_MODULE].update(PRESETS)
