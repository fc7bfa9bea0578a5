"""README and docs agree with the code: commands, YAML, files, links and the import table.

`python tests/house/test_docs.py` writes the generated blocks again: the import table, and the
errors that docs/study-file.md quotes.
"""

import ast
import re
import runpy
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

ROOT = next(path for path in Path(__file__).parents if (path / "pyproject.toml").is_file())
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "examples/README.md")),
    ROOT / "reports/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
ARCHITECTURE, STUDY_FILE = ROOT / "docs/architecture.md", ROOT / "docs/study-file.md"
"""File names below study/ are checked only in the tree that docs/architecture.md describes."""
LONGEST_README = 8000  # characters: about two screens
BEGIN, END = "<!-- import table: begin -->\n", "<!-- import table: end -->\n"
QUOTED = "```text\n$ study plan mine.yaml\n", "```\n"
FENCE = re.compile(r"^```(\w*) ?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MINIMAL = """\
question: Does it run?
baseline: {model: rest_lite, data: digits, recipe: smoke}
factors:
  model.reduction: {Depth-wise Conv2d: depthwise, Average Pooling: average}
"""


class Block(NamedTuple):
    """A fenced code block: its language, the word behind the language, and its text."""

    page: str
    language: str
    kind: str
    text: str


def blocks(*languages: str) -> list[Block]:
    pages = ((str(page.relative_to(ROOT)), page.read_text("utf-8")) for page in PAGES)
    fenced = (Block(page, *match) for page, text in pages for match in FENCE.findall(text))
    return [block for block in fenced if block.language in languages]


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text("utf-8"))


# ---- commands ----


def shell_lines() -> Iterator[tuple[str, str]]:
    for block in blocks("sh", "bash"):
        for line in block.text.splitlines():
            yield from ((block.page, part) for part in re.split(r"&&", line.partition(" #")[0]))
    for page in PAGES:
        for span in re.findall(r"`([^`\n]+)`", prose(page)):
            yield str(page.relative_to(ROOT)), span.replace("\\|", "|")


def commands() -> list[tuple[str, str]]:
    """Every `study COMMAND ...` of the pages, as (page, arguments)."""
    start = re.compile(r"^\s*(?:python -m )?study ([a-z][^\n]*)")
    matches = ((page, start.match(line)) for page, line in shell_lines())
    return [(page, match[1].strip()) for page, match in matches if match]


@pytest.mark.parametrize(("page", "command"), dict.fromkeys(commands()))
def test_a_command_of_the_docs_is_parsed(page, command):
    from study.cli import group

    name, *words = shlex.split(command)
    parser = group.get_command(None, name)
    assert parser is not None, f"{page}: there is no command {name}"
    if words:  # prose may name a command without its arguments
        parser.make_context(name, words)  # raises click's usage error


def test_every_command_is_in_the_readme_and_in_the_docs():
    from study.cli import COMMANDS

    for page in ("README.md", "docs/commands.md"):
        names = {command.split()[0] for where, command in commands() if where == page}
        assert names >= {*COMMANDS}, page


def test_every_target_of_make_exists():
    targets = set(re.findall(r"(?m)^([\w-]+):", (ROOT / "Makefile").read_text()))
    mentioned = re.findall(r"(?:`|^)make ([\w-]+)", "".join(map(Path.read_text, PAGES)), re.M)
    assert set(mentioned) <= targets


def test_every_extra_exists():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = "".join(map(Path.read_text, PAGES))
    assert set(re.findall(r'-e "\.\[(\w+)\]"', text)) <= project["optional-dependencies"].keys()


# ---- blocks of code ----


def read(path: Path, text: str):
    """A text as the command line reads a study file."""
    from study.api.request import StudyRequest

    path.write_text(text, "utf-8")
    (path.parent / "train.py").write_text("study.tell()")  # of studies of programs
    variables = dict.fromkeys(("IMAGENET", "DATA", "FASHION_MNIST"), "/data")
    return StudyRequest(path, None, (), path.parent, stand_ins=variables).read()


def merged(text: str) -> str:
    """A fragment with the keys that it lacks of a minimal study."""
    keys = set(re.findall(r"(?m)^(\w+):", text))
    lacking = re.split(r"(?m)^(?=\w+:)", MINIMAL)
    return "".join(part for part in lacking if part.partition(":")[0] not in keys) + text


@pytest.mark.parametrize("block", blocks("yaml"), ids=lambda block: block.page)
def test_yaml_is_a_study_or_a_fragment_of_one(tmp_path, block):
    text = merged(block.text) if block.kind == "fragment" else block.text
    file = read(tmp_path / "study.yaml", text)
    study, problems = file.study, file.problems
    if block.kind == "wrong":
        assert problems
    else:
        assert study is not None
        assert not [str(problem) for problem in problems]


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.page)
def test_python_is_python(block):
    ast.parse(block.text)


@pytest.mark.parametrize("block", blocks("toml"), ids=lambda block: block.page)
def test_toml_is_toml(block):
    tomllib.loads(block.text)


# ---- files, links and figures ----

FILES = re.compile(
    r"(?<![\w/.])((?:study|tests|docs|ablations|examples|reports|benchmarks)/[\w.@-][\w./@-]*)"
)
ROOMS = re.compile(r"`((?!study/)[a-z_]+/[\w/]+\.py)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_exists(page):
    text = page.read_text("utf-8")
    files = {name.rstrip(".") for name in FILES.findall(text) if "NAME" not in name}
    if page == ARCHITECTURE:
        files |= {f"study/{name}" for name in ROOMS.findall(text) if not name.startswith("tests/")}
    assert not {name for name in files if not (ROOT / name).exists()}


def links(page: Path) -> list[tuple[Path, str]]:
    """Targets of the links inside the repository: a file, and the heading behind #."""
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    inside = (target.partition("#") for target in targets if "://" not in target)
    return [((page.parent / (file or page.name)).resolve(), head) for file, _, head in inside]


def slug(heading: str) -> str:
    """The name of a heading in a link, as GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for target, head in links(page):
        assert target.exists(), target
        if head:
            headings = re.findall(r"(?m)^#+ (.*)$", prose(target))
            assert head in map(slug, headings), f"{target}#{head}"


def test_every_page_is_linked_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached and page.suffix == ".md":
            reached.add(page)
            waiting += [target for target, _ in links(page)]
    assert set(PAGES) <= reached


EVIDENCE = re.compile(r"study (run|report) ablations/\w+\.yaml|python benchmarks/\w+\.py")
SHOWN = [page for page in PAGES if page.name in ("README.md", "what-a-number-means.md")]


@pytest.mark.parametrize("page", SHOWN, ids=lambda page: page.name)
def test_a_figure_has_the_command_that_draws_it_above(page):
    text = page.read_text("utf-8")
    for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text):
        above = text[: text.index(picture)].splitlines()[-40:]
        assert EVIDENCE.search("\n".join(above)), picture
        assert "same command" in "\n".join(above[-4:]), picture


@pytest.mark.parametrize("page", SHOWN, ids=lambda page: page.name)
def test_a_table_of_numbers_has_its_command_above(page):
    text = page.read_text("utf-8")
    for head in re.findall(r"(?m)^\|.*(?:Measured|\(%\)|quiet ratio|of 100).*\|$", text):
        above = text[: text.index(head)].splitlines()[-25:]
        assert EVIDENCE.search("\n".join(above)), head


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text("utf-8")) <= LONGEST_README


# ---- generated blocks ----


def import_table() -> str:
    """The table of tests/test_layers.py in Markdown."""
    (layers,) = (ROOT / "tests").rglob("test_layers.py")
    rooms = runpy.run_path(str(layers))["MAY_IMPORT"]
    rows = [f"| {room} | {', '.join(sorted(may)) or 'nothing'} |" for room, may in rooms.items()]
    return "\n".join(["| room | may import |", "|---|---|", *rows, ""])


def quoted_errors(folder: Path) -> str:
    """The errors of the wrong example in docs/study-file.md, in the order of their lines."""
    (block,) = (block for block in blocks("yaml") if block.kind == "wrong")
    problems = read(folder / "mine.yaml", block.text).problems
    errors = list({str(problem).replace(f"{folder}/", "") for problem in problems})
    errors.sort(key=lambda error: int(re.search(r"mine.yaml:(\d+)", error)[1]))
    return "\n\n".join(errors) + "\n"


def with_block(text: str, begin: str, end: str, content: str) -> str:
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}{content}{end}{tail}"


def generated(folder: Path) -> dict[Path, str]:
    """The pages with generated blocks, as they should be."""
    table, errors = import_table(), quoted_errors(folder)
    return {
        ARCHITECTURE: with_block(ARCHITECTURE.read_text("utf-8"), BEGIN, END, table),
        STUDY_FILE: with_block(STUDY_FILE.read_text("utf-8"), *QUOTED, errors),
    }


def test_generated_blocks_are_current(tmp_path):
    for page, text in generated(tmp_path).items():
        assert page.read_text("utf-8") == text, "run `python tests/house/test_docs.py`"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    with TemporaryDirectory() as scratch:
        for path, content in generated(Path(scratch)).items():
            path.write_text(content, "utf-8")
