"""The command line. Only this package prints: results to stdout, progress and messages to stderr.

Exit status: 0 done, 1 a trial failed, 2 bad input, 3 incomplete, 4 stdout could not be written, 130
interrupted and resumable.
Start-up is lazy: a command is imported when it is called, torch only where models are built.
"""

import logging
import shlex
import sys
import warnings
from importlib import import_module

import click
from click.shell_completion import CompletionItem

from study import __version__
from study.cli import streams
from study.cli.groups import GROUPS
from study.cli.help_text import HelpContext
from study.cli.hints import hint
from study.cli.messages import message
from study.errors import StudyError, unknown

# 2 is click's own status of a usage error; 130 is 128 + SIGINT, as a shell reports Ctrl-C.
FAILED, BAD_INPUT, INCOMPLETE, UNWRITTEN, INTERRUPTED = 1, 2, 3, 4, 130

COMMANDS = tuple(name for names in GROUPS.values() for name in names)
"""Names of the commands in the order of the help; each is a module of `study.cli`."""


class CommandGroup(click.Group):
    """The group of all commands: imports each when it is called, and suggests a likely name."""

    context_class = HelpContext

    def list_commands(self, ctx: click.Context) -> list[str]:
        # click would sort the names. `list` is a module here, once its command is imported.
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        # click takes 0.04 s to import, torch 1.7 s and timm 3.9 s (two cores, cached bytecode).
        module = import_module(f"study.cli.{cmd_name}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        example = next(names[cmd_name] for names in GROUPS.values() if cmd_name in names)
        # click would fill the line with the words of the example, but for the \b.
        command.context_class = HelpContext
        command.epilog = f"\b\nExample:\n  {example}"
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands in groups, with their whole summaries and an example of each group."""
        for title, names in GROUPS.items():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            rows = [
                (name, command.get_short_help_str(LONG)) for name, command in commands if command
            ]
            with formatter.section(title):
                formatter.write_dl(rows)
                formatter.write_paragraph()
                formatter.write_text(next(iter(names.values())))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        # By name alone: the summaries would import every command.
        names = [CompletionItem(name) for name in COMMANDS if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0].endswith((".yaml", ".yml")):
            words = shlex.join(args)
            raise click.UsageError(
                f"{args[0]} is a study file, not a command; say study run {words}", ctx
            )
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(unknown("command", args[0], COMMANDS), ctx)
        return super().resolve_command(ctx, args)


LONG = 1000  # characters, more than any summary has
SETTINGS = {
    "help_option_names": ["-h", "--help"],
    "color": True,  # click leaves escapes in the text for `streams` to show
}


@click.group(cls=CommandGroup, context_settings=SETTINGS)
@click.version_option(__version__, "-V", "--version", message="study %(version)s")
def group() -> None:
    """Declarative ablation and benchmarking studies of vision backbones."""


class Notes(logging.Handler):
    """Prints warnings, such as of damaged files, as notes of the command."""

    def emit(self, record: logging.LogRecord) -> None:
        message(f"note: {record.getMessage()}")


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
        message(f"error: {error}")
        status = UNWRITTEN
    sys.exit(status)


def _status() -> int:
    """Run the command; return the exit status."""
    try:
        # Otherwise click prints its errors itself and ends the process with its own statuses.
        return group.main(standalone_mode=False) or 0
    except StudyError as error:
        text = str(error)
        # The problems of a study file begin with the word already.
        message(text if text.startswith("error:") else f"error: {text}")
    except click.ClickException as error:
        message(_usage(error))
    except (click.Abort, KeyboardInterrupt):
        # Inside a command click turns Ctrl-C into Abort.
        message("interrupted")
        return INTERRUPTED
    return BAD_INPUT


def _usage(error: click.ClickException) -> str:
    """A mistake in the words of a command line: the usage of the command, and what to type."""
    context = getattr(error, "ctx", None)
    usage = f"{context.get_usage()}\nfor help: {context.command_path} --help\n" if context else ""
    text = error.format_message()
    if isinstance(error, click.NoSuchOption) and (words := hint(error, sys.argv[1:])):
        text = f"there is no option {error.option_name}; {words}"
    return f"{usage}error: {text}"
