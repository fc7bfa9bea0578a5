"""Names that editors suggest for the keys of a recipe, from the dictionaries that have them."""

from study import registries
from study.spec.schema.choices import one_of, suggested
from study.tasks.classification.schema.policies import SECTIONS
from study.tasks.classification.schema.shipped_recipes import recipes

MULTI_LABEL_LOSSES = ("bce", "asl")
"""timm's losses of images with several labels; asl is the asymmetric loss (arXiv 2009.14119)."""
NO_RECIPE = "none"
"""The name of the recipe that trains nothing: given weights are evaluated."""

POLICIES = ("rand-m9-mstd0.5-inc1", "rand-m9", "augmix-m5-w4-d2", "original", "v0", "3a")
# Sections such as m9 or mstd0.5 follow the policy.
POLICY = rf"^({'|'.join(SECTIONS)})(-[a-z][a-z0-9.]*)*$"

optimizers = one_of(lambda: registries.registry("optimizer"), unless="^lookahead_|[A-Z]")
schedules = one_of(lambda: registries.registry("schedule"))
losses = one_of(lambda: dict.fromkeys([*registries.registry("loss"), *MULTI_LABEL_LOSSES]))
transforms = one_of(lambda: registries.registry("transform"))
policies = suggested(lambda: POLICIES, POLICY)
recipe_names = one_of(lambda: [*recipes(), NO_RECIPE], unless=r"\.ya?ml$")
