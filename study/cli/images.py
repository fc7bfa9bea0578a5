"""--check-images: every image is decoded, and those that cannot be read are named."""

from typing import TYPE_CHECKING

import click

from study.cli.output import progress
from study.errors import DataError
from study.spec.schema import LOOKS

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
    from study.data.decode_check import unreadable

    # Arms that differ only in LOOKS read the same files, which are decoded once.
    sets = {d.model_dump_json(exclude=LOOKS): d for d in (a.arm.config.data for a in plan.arms)}
    with progress("decoding images") as tick:
        wrong = [message for data in sets.values() for message in unreadable(data, tick)]
    if wrong:
        raise DataError("\n".join([*wrong, f"{len(wrong)} errors, nothing was run"]))
    click.echo("every image can be read", err=True)
