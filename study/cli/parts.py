"""parts: the modules of a model, by the names that surgery takes."""

import click

from study.cli import completions
from study.cli.module_tree import TreeOptions, show_tree, tree_options
from study.cli.options import import_option, json_option


@click.command("parts")
@click.argument("model", shell_complete=completions.models)
@import_option
@tree_options
@json_option
def parts_command(model: str, imports: tuple[str, ...], tree: TreeOptions, as_json: bool) -> None:
    """Show the modules of MODEL, with their shares of parameters and multiply-adds.

    MODEL is a timm name, or "{name: rest_lite, reduction: average}" as in a study file. Its names
    of modules are those that `replace` takes; equal siblings are one row: blocks.0-11.
    """
    from study.registries import register
    from study.spec.plugins import find_plugins

    for plugin in find_plugins(imports):
        register(plugin)
    show_tree(model, tree, as_json)
