"""Mistakes in the baseline of a program that its parts alone do not show, each at its place."""

import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from study.errors import likely_name, unknown
from study.spec.problems import Location, Problem
from study.spec.task import ReadParts
from study.spec.yaml import Tree
from study.tasks.program import code, functions, words
from study.tasks.program.baseline import ProgramBaseline, keys_of, place, root_of, tree
from study.tasks.program.code import CodeError
from study.tasks.program.paths import program_path
from study.tasks.program.words import WordError

NEEDED = ("code", "inputs", "args", "env", "cwd")
"""Parts without which nothing can be said of the others."""
HINT_OF_SEED = "write {seed} in run or env, or read STUDY_SEED in a file of code"


Mistake = tuple[str, Problem]
"""A problem, and the part that it is one of."""


def clashes(parts: ReadParts) -> dict[str, list[Problem]]:
    """The problems by part; those of files first, as words may name them."""
    by_part = defaultdict[str, list[Problem]](list)
    for check in (_files, _program):
        if not by_part and not any(parts.values.get(part) is None for part in NEEDED):
            for part, problem in check(parts):
                by_part[part].append(problem)
    return by_part


def _files(parts: ReadParts) -> Iterator[Mistake]:
    keys, root = keys_of(parts), root_of(parts)
    if not root.is_dir():
        yield "cwd", Problem(f"cwd: {root} is no folder", place(parts, "cwd"))
        return
    problems, files = _code(keys, root, parts)
    yield from (("code", problem) for problem in problems)
    for problem in _inputs(keys, root, tree(parts, "inputs"), files):
        yield "inputs", problem


def _program(parts: ReadParts) -> Iterator[Mistake]:
    keys, root = keys_of(parts), root_of(parts)
    files = code.files_once(parts, root, keys.code)
    yield from _model(keys, files, parts)
    if keys.call is not None and keys.run is not None:
        message = "call: a program is a command or a function, and this has both"
        yield "call", Problem(message, place(parts, "call"))
    elif keys.call is not None:
        yield from functions.mistakes(keys, root, files, parts)
    else:
        yield from _command(keys, root, files, parts)


def _model(keys: ProgramBaseline, files: list[str], parts: ReadParts) -> Iterator[Mistake]:
    if parts.values["model"] is None and tree(parts, "model").value:
        return  # it is wrong, which is reported already
    if parts.values["input"] is None and tree(parts, "input").value:
        return
    if keys.model is None and keys.input is not None:
        yield (
            "input",
            Problem(
                "input is the shape that model takes, and there is no model", place(parts, "input")
            ),
        )
    elif keys.model is not None and keys.input is None:
        hint = "input: [3, 224, 224]"
        yield "model", Problem("model needs the shape of its input", place(parts, "model"), hint)
    elif keys.model is not None and functions.file_of(keys.model, files) is None:
        message = f"the module {keys.model.partition(':')[0]} is in no file of code"
        yield "model", Problem(message, place(parts, "model"), "list its file under code")


def _command(
    keys: ProgramBaseline, root: Path, files: list[str], parts: ReadParts
) -> Iterator[Mistake]:
    if keys.run is None and tree(parts, "run").value:
        return  # it is wrong, which is reported already
    wrong = [("run", problem) for problem in _run(keys, root, files, parts)]
    env = [*keys.env.values()]
    wrong += [("env", problem) for problem in _names_in(keys, env, _values(tree(parts, "env")))]
    yield from wrong
    if not wrong:  # else the names in its words may not be known
        yield from (("args", problem) for problem in _unused(keys, tree(parts, "args")))
        yield from (("run", problem) for problem in _seed(keys, root, files, parts))


def _values(mapping: Tree) -> list[Tree]:
    inside = mapping.value
    return list(inside.values()) if isinstance(inside, dict) else list(inside or ())


# ---- files ----


def _code(keys: ProgramBaseline, root: Path, parts: ReadParts) -> tuple[list[Problem], list[str]]:
    """The problems of `code`, and its files."""
    listed, problems = tree(parts, "code"), list[Problem]()
    try:
        return [], code.files_once(parts, root, keys.code)
    except CodeError as error:
        whole = Problem(str(error), listed.location)
    for number, pattern in enumerate(keys.code):  # each alone, for the place of the mistake
        try:
            code.listed(root, pattern)
        except CodeError as error:
            problems.append(Problem(str(error), listed.at([number]).location))
    return problems or [whole], []


def _inputs(keys: ProgramBaseline, root: Path, listed: Tree, files: list[str]) -> Iterator[Problem]:
    for number, name in enumerate(keys.inputs):
        at = listed.at([number]).location
        try:
            missing = [*code.absent(root, [name])]
        except CodeError as error:
            yield Problem(str(error), at)
            continue
        if missing:
            yield Problem(f'no file or folder is named "{name}" in {root}', at)
        elif inside := [f for f in files if Path(f).is_relative_to(name)]:
            yield Problem(f"{name} is a link in trials, and {inside[0]} of code is a copy", at)


# ---- words ----


def _run(
    keys: ProgramBaseline, root: Path, files: list[str], parts: ReadParts
) -> Iterator[Problem]:
    trees, run = _values(tree(parts, "run")), keys.run or []
    if problems := [*_names_in(keys, run, trees), *_reserved(keys, tree(parts, "args"))]:
        yield from problems
        return
    # Any values will do: only the words that are no placeholders name files.
    values: dict[str, object] = {**dict.fromkeys(words.GIVEN, "0"), **keys.args}
    known = [*files, *keys.inputs]
    for number, (word, written) in enumerate(zip(run, trees, strict=False)):
        try:
            texts = words.filled(word, values)
        except WordError as error:
            yield Problem(str(error), written.location)
            continue
        if any(_is_several(text, root, first=number == 0) for text in texts):
            hint = f"write an item for every word: [{', '.join(str(word).split())}]"
            yield Problem(f'"{word}" is one word of the command', written.location, hint)
            continue
        for text in texts:
            # What an argument names may be a file that the program is to write.
            plain = not words.names(word)
            at = written.location
            yield from _file(text, root, known, at, first=number == 0, plain=plain)
    if run and trees and not words.names(run[0]):
        yield from _executable(str(run[0]), root, trees[0].location)


def _is_several(text: str, root: Path, *, first: bool) -> bool:
    """True for several words in one, as a shell would split: a program or script with arguments."""
    first_word, *more = text.split() or [""]
    # A path may have a space.
    return bool(more) and (first or (root / first_word).is_file()) and not (root / text).exists()


def _names_in(
    keys: ProgramBaseline, texts: Sequence[object], trees: list[Tree]
) -> Iterator[Problem]:
    names = (*keys.args, *words.GIVEN)
    for word, written in zip(texts, trees, strict=False):
        try:
            strange = [name for name in words.names(word) if name not in names]
        except WordError as error:
            yield Problem(str(error), written.location)
            continue
        if strange:
            yield Problem(unknown("placeholder", strange[0], names), written.location)


def _reserved(keys: ProgramBaseline, args: Tree) -> Iterator[Problem]:
    for name in keys.args.keys() & {*words.GIVEN}:
        yield Problem(f"{{{name}}} is given by the study, so args cannot have it", args.key([name]))
    for name in (name for name in keys.args if not name.isidentifier()):
        yield Problem(f'"{name}" cannot be a placeholder', args.key([name]))


def _unused(keys: ProgramBaseline, args: Tree) -> Iterator[Problem]:
    texts = [*(keys.run or ()), *keys.env.values()]
    # A level that reaches nothing would look like one without an effect.
    used = {name for text in texts for name in words.names(text)}
    for name in keys.args:
        if name not in used:
            message = f"args.{name} is used nowhere, so its value would change nothing"
            near = likely_name(name, used - {*words.GIVEN})
            hint = f"did you mean args.{near}?" if near else f"write {{{name}}} in run or env"
            yield Problem(message, args.key([name]), hint)


def _file(
    text: str, root: Path, known: list[str], at: Location, *, first: bool, plain: bool
) -> Iterator[Problem]:
    """The problem of a word that is a file which trials would not have."""
    path = Path(text)
    # In a trial the program sees its copies and links alone, not the whole of cwd.
    is_script = text.lower().endswith(words.SCRIPTS) or (first and "/" in text)
    if path.is_absolute() or text.startswith("-") or not text.strip("./"):
        return
    name = path.as_posix()
    if any(name == other or Path(name).is_relative_to(other) for other in known):
        return
    if (root / path).exists() and (is_script or (root / path).is_file()):
        hint = "add it to code, or to inputs if it is data"
        yield Problem(f"{name} is a file that neither code nor inputs list", at, hint)
    elif is_script and plain:
        others = [p.name for p in root.glob(f"*{path.suffix}")]
        yield Problem(unknown("file", name, others) + f" in {root}", at)


def _executable(program: str, root: Path, at: Location) -> Iterator[Problem]:
    if "/" in program:
        # A plan says so, not the first trial hours later.
        if (root / program).is_file() and shutil.which(str(root / program)) is None:
            yield Problem(f"{program} is not executable", at, f"run: chmod +x {program}")
        elif Path(program).is_absolute() and not Path(program).exists():
            yield Problem(f"{program} does not exist", at)
    elif shutil.which(program, path=program_path()) is None:
        yield Problem(f"no program {program} is on the PATH", at)


def _seed(keys: ProgramBaseline, root: Path, files: list[str], parts: ReadParts) -> list[Problem]:
    texts = [*(keys.run or ()), *keys.env.values()]
    if any("seed" in words.names(text) for text in texts) or code.mentions_once(
        parts, root, files, code.SEED_VARIABLE
    ):
        return []
    return [Problem(code.NO_SEED, place(parts, "run"), HINT_OF_SEED)]
