"""A module of the user's own adds parts and models, and nothing else."""

import sys
from pathlib import Path

import pytest
import timm

from study.errors import BuildError
from study.models import SLOTS, plugin_registry
from study.models.plugin_registry import entries, register, used_plugins
from study.spec.plugins import find_plugin

PART = """\
from torch import nn
from study.models.parts.reductions import REDUCTIONS

class Own(nn.AvgPool2d):
    pass

"""
MODEL = """\
from timm.models import register_model
from torch import nn

@register_model
def my_net(pretrained=False, num_classes=10, in_chans=3, **kwargs):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(in_chans, num_classes))
"""


@pytest.fixture(autouse=True)
def _registries():
    """Every registry, and what was imported, is as it was afterwards."""
    restore, modules = plugin_registry.restorer(), set(sys.modules)
    yield
    restore()
    for name in sys.modules.keys() - modules:
        del sys.modules[name]


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Writes a file of the user's own; returns it as a source."""
    monkeypatch.chdir(tmp_path)

    def written(text, name="own_parts.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        return find_plugin(name.removesuffix("/__init__.py"))

    return written


def test_a_part_and_a_model_are_found_by_difference(own):
    source = own(PART + "REDUCTIONS['own'] = Own\n" + MODEL)
    added = register(source)
    assert added.source == source
    assert added.names == {"reduction": ("own",), "model": ("my_net",)}
    assert timm.is_model("my_net")
    assert SLOTS["reduction"]["own"].__module__ == "own_parts"


def test_it_is_imported_once(own):
    source = own(PART + "REDUCTIONS['own'] = Own\n")
    assert register(source) is register(source)
    with pytest.raises(BuildError, match="from other code"):
        register(own(PART + "REDUCTIONS['other'] = Own\n"))


def test_a_package_imports_its_own_modules(own):
    own(PART, "lab/parts.py")
    text = "from lab.parts import REDUCTIONS, Own\nREDUCTIONS['own'] = Own\n"
    assert register(own(text, "lab/__init__.py")).names == {"reduction": ("own",)}


def test_a_module_inside_a_package_is_imported_by_its_name(own):
    own("", "lab/__init__.py")
    own(PART + "REDUCTIONS['own'] = Own\n", "lab/parts.py")
    assert register(find_plugin("lab.parts")).names == {"reduction": ("own",)}
    assert SLOTS["reduction"]["own"].__module__ == "lab.parts"


def test_a_source_is_the_same_module_from_another_folder(own, monkeypatch, tmp_path_factory):
    own("", "lab/__init__.py")
    own(PART + "REDUCTIONS['own'] = Own\n", "lab/parts.py")
    source = find_plugin("lab.parts")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert register(find_plugin(source.text)).source == source
    assert SLOTS["reduction"]["own"].__module__ == "lab.parts"


def test_a_model_uses_the_source_of_its_part_or_of_its_name(own):
    part = register(own(PART + "REDUCTIONS['own'] = Own\n")).source
    assert used_plugins("rest_lite", {"reduction": "own"}) == {"own_parts": part.digest}
    assert used_plugins("rest_lite", {"reduction": "average", "stem": "own", "ratios": [1]}) == {}
    assert used_plugins("my_net", {}) == {}
    net = register(own(MODEL, "nets.py")).source
    both = {"own_parts": part.digest, "nets": net.digest}
    assert used_plugins("my_net.tag", {}) == used_plugins("rest_lite", {"reduction": "own"}) == both
    assert used_plugins("rest_lite", {"reduction": "average"}) == {}


def test_one_source_may_import_another_whose_digest_is_told_as_well(own):
    register(own(PART + "REDUCTIONS['own'] = Own\n", "second.py"))
    text = "from second import Own, REDUCTIONS\nREDUCTIONS['other'] = type('Other', (Own,), {})\n"
    register(own(text, "first.py"))
    assert list(used_plugins("rest_lite", {"reduction": "other"})) == ["second", "first"]


BOTH = MODEL + PART  # 12 lines

REFUSED = {
    "replaces a part": (BOTH + "REDUCTIONS['average'] = Own", 'replaces reduction "average"'),
    "removes a part": (BOTH + "del REDUCTIONS['average']", 'removes reduction "average"'),
    "replaces a model": (MODEL.replace("my_net", "resnet18"), 'replaces model "resnet18"'),
    "replaces ours": (MODEL.replace("my_net", "rest_lite"), 'replaces model "rest_lite"'),
    "adds nothing": (PART, "adds nothing"),
    "no word": (BOTH + "REDUCTIONS['own-1'] = Own", "own-1.*no identifier"),
    "no text": (BOTH + "REDUCTIONS[3] = Own", "3, which is no identifier"),
    "raises": (BOTH + "REDUCTIONS['own'] = Owl", r"own_parts.py:13: NameError: name 'Owl'"),
    "raises deeper": (BOTH + "import json\njson.loads('')", r"own_parts.py:14: json.*Expecting"),
    "cannot be read": (BOTH + "REDUCTIONS['own' = Own", r"own_parts.py:13: SyntaxError"),
    "misses a module": (BOTH + "import nosuch", r"own_parts.py:13: ModuleNotFoundError"),
    "ends": (BOTH + "import sys\nsys.exit(3)", r"own_parts.py:14: SystemExit: 3"),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_a_refused_source_leaves_everything_as_it_was(own, text, message):
    before, listed = entries(), timm.list_models(module="resnet", include_tags=True)
    with pytest.raises(BuildError, match=message):
        register(own(text))
    assert entries() == before
    assert timm.list_models(module="resnet", include_tags=True) == listed
    assert not timm.list_models("my_net*")
    assert "own_parts" not in sys.modules


def test_a_refused_source_can_be_mended(own):
    with pytest.raises(BuildError, match="adds nothing"):
        register(own(PART))
    assert register(own(PART + "REDUCTIONS['own'] = Own\n")).names == {"reduction": ("own",)}


def test_a_file_that_changed_since_is_refused(own, tmp_path):
    source = own(PART + "REDUCTIONS['own'] = Own\n")
    (tmp_path / "own_parts.py").write_text(PART + "REDUCTIONS['other'] = Own\n")
    with pytest.raises(BuildError, match="has changed since"):
        register(source)


STRANGERS = {
    "beside it": ("sizes.py", "own_parts.py", "import sizes"),
    "in a folder above": ("sizes.py", "parts/own_parts.py", "import sizes"),
    "in a package": ("sizes/__init__.py", "own_parts.py", "from sizes import SIZE"),
    "in a folder that is no package": ("lab/sizes.py", "own_parts.py", "from lab import sizes"),
    "beside its package": ("sizes.py", "lab/__init__.py", "import sizes"),
    "called as one of ours": ("study_sizes.py", "own_parts.py", "import study_sizes"),
}


@pytest.mark.parametrize(("stranger", "name", "line"), STRANGERS.values(), ids=STRANGERS)
def test_code_that_no_digest_knows_is_refused_every_time(own, monkeypatch, stranger, name, line):
    monkeypatch.syspath_prepend(Path.cwd())
    Path(stranger).parent.mkdir(exist_ok=True)
    Path(stranger).write_text("SIZE = 3\n")
    before, source = entries(), own(f"{PART}{line}\nREDUCTIONS['own'] = Own\n", name)
    for _ in range(2):
        with pytest.raises(BuildError, match="make one package of both"):
            register(source)
    assert entries() == before
    assert not {"sizes", "lab.sizes", "study_sizes", source.name} & set(sys.modules)


def test_the_file_that_is_refused_is_named(own, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "sizes.py").touch()
    with pytest.raises(BuildError, match=f"own_parts imports {tmp_path / 'sizes.py'}: make one"):
        register(own(PART + "import sizes\nREDUCTIONS['own'] = Own\n"))


def test_what_is_installed_or_pythons_may_be_imported(own, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tmp_path / "site-packages")
    own("SIZE = 3\n", "site-packages/sizes.py")
    assert register(own(PART + "import sched, sizes\nREDUCTIONS['own'] = Own\n")).names


def test_what_is_installed_stays_imported_when_a_source_is_refused(own, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tmp_path / "site-packages")
    own("SIZE = 3\n", "site-packages/sizes.py")
    with pytest.raises(BuildError, match="adds nothing"):
        register(own(PART + "import sizes\n"))
    assert "sizes" in sys.modules


def test_a_mended_source_gets_again_what_another_adds_for_it(own):
    own(PART + "REDUCTIONS['more'] = Own\n", "lab/more.py")
    register(own(PART + "REDUCTIONS['lab'] = Own\n", "lab/__init__.py"))
    with pytest.raises(BuildError, match="ZeroDivisionError"):
        register(own("from lab import more\n1 / 0\n"))
    assert register(own("from lab import more\n")).names == {"reduction": ("more",)}


def test_what_was_imported_before_is_refused(own, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tmp_path)
    source = own(PART + "REDUCTIONS['own'] = Own\n")
    __import__("own_parts")
    with pytest.raises(BuildError, match="imported already"):
        register(source)
