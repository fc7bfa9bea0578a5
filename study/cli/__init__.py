"""The command line. Only this package prints: results to stdout, progress and messages to stderr.

Exit status: 0 done, 1 a trial failed, 2 bad input, 3 incomplete, 4 stdout could not be written, 130
interrupted and resumable.
Start-up is lazy: a command is imported when it is called, torch only where models are built.
"""

import logging
import sys
import warnings
from importlib import import_module

import click

from study import __version__
from study.cli import streams
from study.errors import StudyError, unknown

# 2 is click's own status of a usage error; 130 is 128 + SIGINT, as a shell reports Ctrl-C.
FAILED, BAD_INPUT, INCOMPLETE, UNWRITTEN, INTERRUPTED = 1, 2, 3, 4, 130

COMMANDS = (
    "plan",
    "run",
    "report",
    "compare",
    "export",
    "track",
    "eval",
    "bench",
    "claims",
    "status",
    "cancel",
    "logs",
    "results",
    "list",
    "clean",
    "doctor",
    "plugins",
    "parts",
    "schema",
)
"""Names of the commands in the order of the help; each is a module of `study.cli`."""


class CommandGroup(click.Group):
    """The group of all commands: imports each when it is called, and suggests a likely name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        # click would sort the names.
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        # click takes 0.04 s to import, torch 1.7 s and timm 3.9 s (two cores, cached bytecode).
        module = import_module(f"study.cli.{cmd_name}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(unknown("command", args[0], COMMANDS), ctx)
        return super().resolve_command(ctx, args)


SETTINGS = {
    "help_option_names": ["-h", "--help"],
    "max_content_width": 100,
    "color": True,  # click leaves escapes in the text for `streams` to show
}


@click.group(cls=CommandGroup, context_settings=SETTINGS)
@click.version_option(__version__, message="study %(version)s")
def group() -> None:
    """Declarative ablation and benchmarking studies of vision backbones."""


class Notes(logging.Handler):
    """Prints warnings, such as of damaged files, as notes of the command."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"note: {record.getMessage()}", err=True)


def main() -> None:
    """Run a command; a user error prints a message, a bug keeps its traceback."""
    # Replaced, not added: a second call in one process would print every note twice.
    logging.getLogger("study").handlers = [Notes(logging.WARNING)]
    warnings.filterwarnings("ignore", message=".*torch.jit.*")  # of timm and fvcore, at import
    try:
        with streams.checked_streams():
            status = _status()
    except streams.UnreadError:
        # A reader such as `head` that has enough is no failure of the command.
        status = 0
    except streams.UnwrittenError as error:
        click.echo(f"error: {error}", err=True)
        status = UNWRITTEN
    sys.exit(status)


def _status() -> int:
    """Run the command; return the exit status."""
    try:
        # Otherwise click prints its errors itself and ends the process with its own statuses.
        return group.main(standalone_mode=False) or 0
    except StudyError as error:
        message = str(error)
        # The problems of a study file begin with the word already.
        text = message if message.startswith("error:") else f"error: {message}"
        click.echo(text, err=True, color=True)
    except click.ClickException as error:
        error.show(sys.stderr)
    except (click.Abort, KeyboardInterrupt):
        # Inside a command click turns Ctrl-C into Abort.
        click.echo("interrupted", err=True)
        return INTERRUPTED
    return BAD_INPUT
