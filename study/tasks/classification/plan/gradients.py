"""Parameters that no gradient reaches, which a level may cut off from the loss."""

from study.spec.problems import Problem
from study.tasks.classification.plan.arms import Arms, ResolvedModel


def unlearnt(every: Arms) -> tuple[list[Problem], list[str]]:
    """Parameters that no gradient reaches, unless the baseline has them, too."""
    built = every.resolved
    if not built or any(built[0].arm.choices):
        return [], []
    base = built[0]
    inherited = set(base.cost_record.unreached or ())
    wrong, notes = [], []
    for entry in built:
        unreached = entry.cost_record.unreached
        if not entry.cost_record.audited:
            continue  # the plan says how many
        if unreached is None:
            notes.append(
                f"{entry.label}: it was not checked that a gradient reaches all parameters"
            )
        names = [name for name in unreached or () if entry is base or name not in inherited]
        if not names:
            continue
        what = f"no gradient reaches {', '.join(names[:4])}{' ...' if len(names) > 4 else ''}"
        if entry is base or entry.cost_record.model != base.cost_record.model:
            notes.append(
                f"{entry.label}: {what} ({len(names)} parameters of {entry.cost_record.model})"
            )
        else:
            wrong.append(
                Problem(
                    f"{entry.label}: {what}", every.places.deciding(entry.arm.choices), _hint(entry)
                )
            )
    return wrong, notes


def _hint(entry: ResolvedModel) -> str:
    swaps = "replace" in entry.cost_record.arguments
    return "replace the modules that run only before a replaced one, too" if swaps else ""
