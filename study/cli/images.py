"""--check-images: every image is decoded, and those that cannot be read are named."""

from typing import TYPE_CHECKING

import click

from study.cli.messages import message
from study.cli.output import progress
from study.errors import DataError, StudyError

if TYPE_CHECKING:
    from study.plan.plan import Plan

check_images_option = click.option(
    "--check-images",
    "check_all",
    is_flag=True,
    help="Decode every image and name those that cannot be read.",
)


def check_images(plan: "Plan") -> None:
    """Raises DataError with every image of the plan that cannot be read."""
    from study.tasks.classification.config import Config
    from study.tasks.classification.data.decode_check import unreadable
    from study.tasks.classification.schema import LOOKS

    # Arms that differ only in LOOKS read the same files, which are decoded once.
    configs = [arm.arm.config for arm in plan.arms]
    data_sets = [config.data for config in configs if isinstance(config, Config)]
    sets = {data.model_dump_json(exclude=LOOKS): data for data in data_sets}
    if not sets:
        raise StudyError(f"--check-images: the task {plan.study.task} reads no images")
    with progress("decoding images") as tick:
        wrong = [message for data in sets.values() for message in unreadable(data, tick)]
    if wrong:
        raise DataError("\n".join([*wrong, f"{len(wrong)} errors, nothing was run"]))
    message("every image can be read")
