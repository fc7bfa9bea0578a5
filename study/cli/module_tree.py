"""The tree of a model's modules, printed by the command parts."""

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import click

from study.cli.messages import message
from study.cli.options import Command, Pixels, options
from study.cli.output import console, echo_json
from study.spec.image_size import ImageSize, of_sides, printed, sides

if TYPE_CHECKING:
    from study.api.bench import BenchModel
    from study.metrics.module_tree import ModuleNode

DEPTH = 3
SIDE = 224  # pixels, for a model that has no size of its own


class TreeOptions(NamedTuple):
    """The size of the image, and the depth to which modules are shown."""

    img_size: ImageSize | None
    depth: int


def tree_options(command: Command) -> Command:
    """The options of the tree, passed to the command as `tree`."""

    @options(
        click.option(
            "--img-size",
            type=Pixels(),
            help="Pixels of both sides, or HEIGHTxWIDTH.  [default: the model's own, or 224]",
        ),
        click.option(
            "--depth",
            type=click.IntRange(1),
            default=DEPTH,
            show_default=True,
            help="Segments of the longest names that are shown.",
        ),
    )
    @functools.wraps(command)
    def wrapped(img_size: ImageSize | None, depth: int, **rest: object) -> object:
        return command(tree=TreeOptions(img_size, depth), **rest)

    return wrapped


def show_tree(text: str, tree: TreeOptions, as_json: bool) -> None:
    """Print the modules of the model that `text` names.

    Raises:
        StudyError: there is no such model, or it takes no images of this size.
    """
    from study.api import bench

    model = bench.model(text, {})
    size = tree.img_size or _own_size(model.name)
    root = _root(model, size)
    if as_json:
        echo_json({"model": model.label, "img_size": size, **_document(root, "", tree.depth)})
        return
    # On stderr, so that stdout has the table alone.
    message(f"{model.label}, {printed(size)} px")
    _print(root, tree.depth)


def _own_size(name: str) -> ImageSize:
    from timm.models import get_pretrained_cfg

    from study.models.factory import bare

    # Models of a hub or a folder (hf-hub:, local-dir:) are not in the registry of timm.
    config = None if ":" in bare(name) else get_pretrained_cfg(bare(name))
    return of_sides(*config.input_size[-2:]) if config else SIDE


def _root(model: "BenchModel", size: ImageSize) -> "ModuleNode":
    from study import models
    from study.errors import SizeError
    from study.metrics.cost import REFUSALS
    from study.metrics.module_tree import module_tree
    from study.models.factory import ImageShape

    # ImageNet's classes and channels, the default of timm's models.
    shape: ImageShape = {"num_classes": 1000, "in_chans": 3, "img_size": size}
    try:
        return module_tree(
            lambda device: models.build(model.name, model.arguments, **shape, device=device),
            (3, *sides(size)),
        )
    except REFUSALS as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise SizeError(f"{model.name} takes no images of {printed(size)} px: {reason}") from error


def _rows(node: "ModuleNode", name: str, depth: int) -> "Iterator[tuple[str, ModuleNode]]":
    """The modules below a node by their full names, down to a depth."""
    for child in node.children if depth else ():
        # The root has no name.
        path = f"{name}.{child.name}".lstrip(".")
        yield path, child
        yield from _rows(child, path, depth - 1)


def _print(root: "ModuleNode", depth: int) -> None:
    from rich.markup import escape
    from rich.table import Table

    from study import format

    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("module", "class"):
        table.add_column(head, overflow="fold")
    # Exact counts, since most modules are far below a million parameters.
    for head in ("Params", "%", "MACs (all)", "%"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("output", overflow="fold")
    for name, node in [("", root), *_rows(root, "", depth)]:
        numbers = (
            f"{node.params:,}",
            _share(node.params, root.params),
            f"{node.macs:,}",
            _share(node.macs, root.macs),
        )
        shapes = ", ".join(map(str, node.shapes)) or format.ABSENT
        table.add_row(escape(name or "(model)"), escape(node.kind), *numbers, shapes)
    console().print(table)


def _share(part: int, whole: int) -> str:
    from study import format

    return format.number(100 * part / whole, 1) if whole else format.ABSENT


def _document(node: "ModuleNode", name: str, depth: int) -> dict[str, object]:
    """A node and those below it as JSON; numbers of equal siblings are those of each."""
    below = [
        _document(child, f"{name}.{child.name}".lstrip("."), depth - 1)
        for child in (node.children if depth else ())
    ]
    return {
        "name": name,
        "class": node.kind,
        "params": node.params,
        "macs": node.macs,
        "output": [list(shape) for shape in node.shapes],
        "modules": below,
    }
