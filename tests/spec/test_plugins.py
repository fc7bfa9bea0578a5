"""Where a user's own parts are, before anything is imported."""

import subprocess
import sys
from pathlib import Path

import pytest

from study.errors import SpecError
from study.spec.plugins import digest, find_plugin, find_plugins, installed
from tests.conftest import environment

BOMB = "raise RuntimeError('imported')\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The current folder, with a file, a package and a file elsewhere; none can be imported."""
    monkeypatch.chdir(tmp_path)
    for name in ("my_blocks.py", "lab/__init__.py", "lab/parts/__init__.py", "lab/parts/blur.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(BOMB)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "name", "path"),
    [
        ("my_blocks.py", "my_blocks", "my_blocks.py"),
        ("./my_blocks.py", "my_blocks", "my_blocks.py"),
        ("my_blocks", "my_blocks", "my_blocks.py"),
        ("lab", "lab", "lab"),
        ("lab/", "lab", "lab"),
        ("lab/parts", "parts", "lab/parts"),
        ("lab/parts/blur.py", "blur", "lab/parts/blur.py"),
        ("lab.parts.blur", "lab.parts.blur", "lab"),
    ],
)
def test_a_source_is_found_by_path_and_by_name(here, text, name, path):
    plugin = find_plugin(text)
    assert (plugin.name, plugin.path) == (name, here / path)
    assert plugin.digest == digest(here / path)
    assert find_plugin(plugin.text) == plugin
    assert not {"my_blocks", "lab", "parts", "blur"} & set(sys.modules)


def test_an_installed_module_is_found_by_name():
    plugin = find_plugin("timm.layers")
    assert (plugin.name, plugin.path.name) == ("timm.layers", "timm")
    assert find_plugin(plugin.text) == plugin


@pytest.mark.parametrize("text", ["my_blocks", "lab", "lab/parts", "lab.parts", "lab.parts.blur"])
def test_its_text_names_it_from_another_folder(here, tmp_path_factory, monkeypatch, text):
    plugin = find_plugin(text)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert find_plugin(plugin.text) == plugin


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("my_block.py", 'did you mean "my_blocks.py"'),
        ("lab/part", 'did you mean "parts"'),
        ("nowhere/blocks.py", "looked for in"),
        ("my_block", 'did you mean "my_blocks"'),
        ("lab.nothing", 'unknown plugin "lab.nothing"'),
        ("my_blocks.blur", 'unknown plugin "my_blocks.blur"'),
        ("nowhere/lab.parts", "looked for in .*nowhere$"),
        ("lab/timm.layers", "looked for in .*lab$"),
        ("my blocks", "neither the path"),
        ("", "neither the path"),
        ("..", "neither the path"),
        ("json", "module of your own"),
        ("study.models.rest", "module of your own"),
    ],
)
def test_what_is_not_there_is_told(here, text, message):
    with pytest.raises(SpecError, match=message):
        find_plugin(text)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("torch.py", "an installed module"),
        ("json.py", "a module of Python"),
        ("study.py", "this package"),
        ("my-blocks.py", '"my_blocks" can'),
        ("3x3.py", '"my_3x3" can'),
        ("class.py", '"my_class" can'),
        ("blocks.txt", "not a Python file"),
        ("empty", "no __init__.py"),
    ],
)
def test_what_cannot_be_a_module_is_refused(here, name, message):
    inside = here / "own" / name
    inside.parent.mkdir()
    inside.touch() if inside.suffix else inside.mkdir()
    with pytest.raises(SpecError, match=message):
        find_plugin(f"own/{name}")


def test_a_name_in_the_current_folder_that_hides_an_installed_one_is_refused(here):
    (here / "timm.py").write_text(BOMB)
    with pytest.raises(SpecError, match="an installed module"):
        find_plugin("timm")


def test_two_of_a_name_are_refused_and_one_of_them_is_kept_once(here):
    (here / "lab" / "my_blocks.py").write_text(BOMB)
    assert len(find_plugins(["my_blocks", "my_blocks.py", "lab"])) == 2 + len(installed())
    with pytest.raises(SpecError, match='two plugins have the name "my_blocks"'):
        find_plugins(["my_blocks", "lab/my_blocks.py"])


def test_the_digest_is_of_all_files_but_hidden_ones(here):
    package = here / "lab"
    seen = {digest(package)}
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "x.pyc").write_text("hello")
    (package / ".notes").write_text("hello")
    assert digest(package) in seen
    (package / "weights.json").write_text("{}")
    seen.add(digest(package))
    (package / "parts" / "blur.py").write_text("")
    seen.add(digest(package))
    (package / "parts" / "blur.py").rename(package / "blur.py")
    seen.add(digest(package))
    assert len(seen) == 4


def declared(name: str, version: str, folder: Path, value: str) -> None:
    """A package in `folder` that declares `value` as its source of parts."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[study.parts]\nmine = {value}\n")


def test_an_installed_package_declares_its_source(here, monkeypatch):
    monkeypatch.syspath_prepend(here)
    declared("lab-parts", "1.0", here, "lab.parts")
    assert find_plugin("lab.parts") in installed()
    assert find_plugins(["lab.parts"]) == installed()


@pytest.mark.parametrize(
    ("value", "message"), [("nosuch_module", "unknown plugin"), ("lab:Blur", "must name a module")]
)
def test_a_wrong_declaration_names_its_package(here, monkeypatch, value, message):
    monkeypatch.syspath_prepend(here)
    declared("lab-parts", "1.0", here, value)
    with pytest.raises(SpecError, match=f"of lab-parts.*{message}"):
        installed()


def test_to_find_a_source_imports_nothing_heavy(here):
    names = ["my_blocks", "lab.parts", "timm"]
    code = f"from study.spec.plugins import find_plugins; find_plugins({names})"
    words = [sys.executable, "-X", "importtime", "-c", code]
    done = subprocess.run(words, cwd=here, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert not names & {"torch", "timm", "numpy", "my_blocks", "lab"}
