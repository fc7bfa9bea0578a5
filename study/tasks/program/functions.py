"""The function that `call` names, looked up in the files of code without importing them."""

import ast
from collections.abc import Iterator
from pathlib import Path

from study.errors import unknown
from study.spec.problems import Problem
from study.spec.task import ReadParts
from study.tasks.program import code
from study.tasks.program.baseline import ProgramBaseline, place, tree

SEED = "seed"


def file_of(call: str, files: list[str]) -> str | None:
    """The file of code that holds the module of `package.module:function`."""
    stem = call.partition(":")[0].replace(".", "/")
    return next((f for f in (f"{stem}.py", f"{stem}/__init__.py") if f in files), None)


def mistakes(
    keys: ProgramBaseline, root: Path, files: list[str], parts: ReadParts
) -> Iterator[tuple[str, Problem]]:
    """The problems of `call` and of its arguments, each with its part."""
    call, at = str(keys.call), place(parts, "call")
    module, _, name = call.partition(":")
    file = file_of(call, files)
    if file is None:
        message = f"the module {module} is in no file of code"
        yield "call", Problem(message, at, "list its file under code")
        return
    functions = _functions(code.content(root / file))
    if isinstance(functions, str):
        yield "call", Problem(f"{file} cannot be read: {functions}", at)
    elif name not in functions:
        yield "call", Problem(f"{unknown('function', name, functions)} in {file}", at)
    else:
        args = tree(parts, "args")
        for argument, text in _arguments(functions[name], keys):
            here = args.key([argument]) if argument in args.keys else at
            yield "args", Problem(text, here)
        if not _takes_seed(functions[name]) and not code.mentions_once(
            parts, root, files, code.SEED_VARIABLE
        ):
            hint = f"give {name} a parameter seed, or read {code.SEED_VARIABLE}"
            yield "call", Problem(code.NO_SEED, at, hint)


def _takes_seed(node: ast.FunctionDef) -> bool:
    # The arguments of a decorated function are the decorator's.
    return SEED in _parameters(node) or node.args.kwarg is not None or bool(node.decorator_list)


def _functions(text: str) -> dict[str, ast.FunctionDef] | str:
    """The functions of a module by name, or why it cannot be read."""
    # Parsed, since an import would run the user's code, and a plan runs nothing.
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError) as error:
        return str(error)
    return {node.name: node for node in body if isinstance(node, ast.FunctionDef)}


def _parameters(node: ast.FunctionDef) -> list[str]:
    return [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]


def _arguments(node: ast.FunctionDef, keys: ProgramBaseline) -> list[tuple[str, str]]:
    """Names of arguments with what is wrong with them; a decorator may take other ones."""
    if node.decorator_list:
        return []
    names, given = _parameters(node), {*keys.args, SEED}
    mistakes = [
        (name, unknown("argument", name, [n for n in names if n != SEED]) + f" of {node.name}")
        for name in keys.args
        if name not in names and node.args.kwarg is None
    ]
    plain = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
    required = plain[: len(plain) - len(node.args.defaults)]
    both = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    required += [argument.arg for argument, default in both if default is None]
    mistakes += [
        (name, f"{node.name} needs the argument {name}, which args has not")
        for name in required
        if name not in given
    ]
    if SEED in keys.args:
        mistakes.append((SEED, "seed is given by the study, so args cannot have it"))
    return mistakes
