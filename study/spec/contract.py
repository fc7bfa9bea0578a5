"""The contract of designs."""

from study.spec.designs.options import Design, options_model, required
from study.spec.study import Choices, Factor, Level

FACTORS = [
    Factor(f"part.{number}", (Level(f"{number} with", True), Level(f"{number} without", False)))
    for number in range(3)
]


def chooses(design: Design) -> str:
    """The arms are levels that exist, the baseline first, none twice."""
    arms: list[Choices] = [tuple(choices) for choices in design(FACTORS)]
    if not arms or any(arms[0]):
        return "does not begin with the baseline, (0, 0, 0)"
    if len(set(arms)) < len(arms):
        return "has an arm twice"
    strange = [arm for arm in arms if len(arm) != len(FACTORS) or not {*arm} <= {0, 1}]
    return f"has the arm {strange[0]} for three factors of two levels" if strange else ""


def has_options(design: Design) -> str:
    """A design can be chosen by its name alone: its options have types and valid defaults."""
    model = options_model("design", design)
    if bare := required(model):
        return f"has no default for {', '.join(bare)}"
    defaults = {key: field.default for key, field in model.model_fields.items()}
    model.model_validate(defaults | {"name": "design"})
    return ""


CHECKS = {"design": {"has options": has_options, "chooses levels": chooses}}
