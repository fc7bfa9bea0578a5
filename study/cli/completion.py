"""completion: the script by which a shell completes commands, options and names."""

import click
from click.shell_completion import BashComplete, get_completion_class

VARIABLE = "_STUDY_COMPLETE"  # the name that click gives to it, of the program's name
SHELLS = ("bash", "zsh", "fish")

BASH = r"""
%(complete_func)s() {
    local IFS=$'\n' completion type value word="${COMP_WORDS[COMP_CWORD]}"
    for completion in $(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD \
            %(complete_var)s=bash_complete $1); do
        IFS=',' read -r type value <<< "$completion"
        case $type in
            dir) compopt -o plusdirs 2> /dev/null ;;
            file) compopt -o default 2> /dev/null ;;
            plain)
                # A key is followed by its value, without a space.
                [[ $value == *= ]] && compopt -o nospace 2> /dev/null
                case $word in
                    # The shell keeps an open quote: only what it does not protect is escaped.
                    \"*) value=$(printf '%%s' "$value" | sed 's/[\\"$`]/\\&/g') ;;
                    \'*) value=$(printf '%%s' "$value" | sed "s/'/'\\\\''/g") ;;
                    *) value=$(printf '%%q' "$value") ;;
                esac
                COMPREPLY+=("$value") ;;
        esac
    done
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""
"""As click's own script, but names with spaces are quoted, and a key has no space behind it."""


class Bash(BashComplete):
    """Completion in bash, by the script above."""

    source_template = BASH


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion_command(context: click.Context, shell: str) -> None:
    """Print the script that completes arms, profiles, keys and models in a shell.

    Add one line to the start-up file of the shell, which runs this command:

    \b
    ~/.bashrc                    eval "$(study completion bash)"
    ~/.zshrc                     eval "$(study completion zsh)"
    ~/.config/fish/config.fish   study completion fish | source
    """
    kind = Bash if shell == "bash" else get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click completes nothing in {shell}", context)
    group = (context.parent or context).command
    click.echo(kind(group, {}, "study", VARIABLE).source())
