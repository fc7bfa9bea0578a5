"""doctor: what is here, what is missing, and what to do about it."""

from contextlib import nullcontext
from pathlib import Path

import click

from study.cli import FAILED
from study.cli.images import check_images_option
from study.cli.options import folder, json_option
from study.cli.output import console, echo_json, progress
from study.plan.reading import vocabulary

STYLES = {"ok": "green", "note": "cyan", "miss": "yellow", "fail": "bold red"}


@click.command("doctor")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@folder("--store", "results", "Where results are, or will be.")
@check_images_option
@json_option
def doctor_command(files: tuple[Path, ...], store: Path, check_all: bool, as_json: bool) -> int:
    """Check what FILES need here: software, machine, images, store and Slurm.

    Exit status 1 when something fails.  [default: ablations/*.yaml]
    """
    from rich.markup import escape

    from study.doctor import Scope, run_checks
    from study.store.store import Store

    studies = files or tuple(sorted(Path("ablations").glob("[!.]*.yaml")))
    rows, out = [], console()
    with progress("decoding images") if check_all else nullcontext(_nothing) as tick:
        scope = Scope(studies, vocabulary(), Store(store), check_all, tick)
        for check, finding in run_checks(scope):
            # The key "said" of --json stays, although the field has another name now.
            row = {"level": finding.level, "said": finding.message, "step": finding.step}
            rows.append({"check": check, **row})
            if not as_json:
                level = f"[{STYLES[finding.level]}]{finding.level:<4}[/]"
                # soft_wrap leaves long lines to the terminal, so that paths can be copied whole.
                out.print(f"{level}  {escape(finding.message)}", highlight=False, soft_wrap=True)
                if finding.step:
                    step = escape(finding.step)
                    out.print(f"      next: {step}", highlight=False, soft_wrap=True)
    if as_json:
        echo_json(rows)
    return FAILED if any(row["level"] == "fail" for row in rows) else 0


def _nothing(done: int, total: int) -> None:
    pass
