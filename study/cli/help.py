"""help: the help of the program, or of a command."""

import click

from study.cli.help_text import HelpContext
from study.errors import unknown


@click.command("help")
@click.argument("command", required=False)
@click.pass_context
def help_command(context: click.Context, command: str | None) -> None:
    """Show all commands, or the options of COMMAND."""
    whole = context.parent or context
    group = whole.command
    if command is None or not isinstance(group, click.Group):
        click.echo(whole.get_help())
        return
    names = group.list_commands(whole)
    if (chosen := group.get_command(whole, command)) is None:
        raise click.UsageError(unknown("command", command, names), context)
    # A context of its own, so that its usage line has the name of that command.
    with HelpContext(chosen, whole, info_name=command) as inner:
        click.echo(inner.get_help())
