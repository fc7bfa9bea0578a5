"""A module of the user's own adds parts and models, and nothing else."""

import sys

import pytest
import timm

from study.errors import BuildError
from study.imports import source
from study.models import SLOTS, foreign
from study.models.foreign import entries, register, used

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
    restore, modules = foreign.restorer(), set(sys.modules)
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
        return source(name.removesuffix("/__init__.py"))

    return written


def test_a_part_and_a_model_are_found_by_difference(own):
    one = own(PART + "REDUCTIONS['own'] = Own\n" + MODEL)
    added = register(one)
    assert added.source == one
    assert added.names == {"reduction": ("own",), "model": ("my_net",)}
    assert timm.is_model("my_net")
    assert SLOTS["reduction"]["own"].__module__ == "own_parts"


def test_it_is_imported_once(own):
    one = own(PART + "REDUCTIONS['own'] = Own\n")
    assert register(one) is register(one)
    with pytest.raises(BuildError, match="from other code"):
        register(own(PART + "REDUCTIONS['other'] = Own\n"))


def test_a_package_imports_its_own_modules(own):
    own(PART, "lab/parts.py")
    text = "from lab.parts import REDUCTIONS, Own\nREDUCTIONS['own'] = Own\n"
    assert register(own(text, "lab/__init__.py")).names == {"reduction": ("own",)}


def test_a_module_inside_a_package_is_imported_by_its_name(own):
    own("", "lab/__init__.py")
    own(PART + "REDUCTIONS['own'] = Own\n", "lab/parts.py")
    assert register(source("lab.parts")).names == {"reduction": ("own",)}
    assert SLOTS["reduction"]["own"].__module__ == "lab.parts"


def test_a_model_uses_the_source_of_its_part_or_of_its_name(own):
    part = register(own(PART + "REDUCTIONS['own'] = Own\n")).source
    net = register(own(MODEL, "nets.py")).source
    assert used("rest_lite", {"reduction": "own"}) == {"own_parts": part.digest}
    assert used("rest_lite", {"reduction": "average", "stem": "own", "ratios": [1]}) == {}
    assert used("my_net", {}) == {"nets": net.digest}
    assert used("my_net.tag", {"reduction": "own"}) == {
        "nets": net.digest,
        "own_parts": part.digest,
    }


BOTH = MODEL + PART  # 12 lines

REFUSED = {
    "replaces a part": (BOTH + "REDUCTIONS['average'] = Own", 'replaces reduction "average"'),
    "removes a part": (BOTH + "del REDUCTIONS['average']", 'removes reduction "average"'),
    "replaces a model": (MODEL.replace("my_net", "resnet18"), 'replaces model "resnet18"'),
    "replaces ours": (MODEL.replace("my_net", "rest_lite"), 'replaces model "rest_lite"'),
    "adds nothing": (PART, "adds nothing"),
    "no word": (BOTH + "REDUCTIONS['own-1'] = Own", "own-1.*no word"),
    "no text": (BOTH + "REDUCTIONS[3] = Own", "3, which is no word"),
    "raises": (BOTH + "REDUCTIONS['own'] = Owl", r"own_parts.py:13: NameError: name 'Owl'"),
    "raises deeper": (BOTH + "import json\njson.loads('')", r"own_parts.py:14: json.*Expecting"),
    "cannot be read": (BOTH + "REDUCTIONS['own' = Own", r"own_parts.py:13: SyntaxError"),
    "misses a module": (BOTH + "import nosuch", r"own_parts.py:13: ModuleNotFoundError"),
    "ends": (BOTH + "import sys\nsys.exit(3)", r"own_parts.py:14: SystemExit: 3"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_a_refused_source_leaves_everything_as_it_was(own, text, said):
    before, listed = entries(), timm.list_models(module="resnet", include_tags=True)
    with pytest.raises(BuildError, match=said):
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
    one = own(PART + "REDUCTIONS['own'] = Own\n")
    (tmp_path / "own_parts.py").write_text(PART + "REDUCTIONS['other'] = Own\n")
    with pytest.raises(BuildError, match="has changed since"):
        register(one)


def test_code_beside_a_file_is_refused(own, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tmp_path)
    own("SIZE = 3\n", "sizes.py")
    with pytest.raises(BuildError, match=r"imports sizes.py from beside it"):
        register(own(PART + "import sizes\nREDUCTIONS['own'] = Own\n"))


def test_what_was_imported_before_is_refused(own, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tmp_path)
    one = own(PART + "REDUCTIONS['own'] = Own\n")
    __import__("own_parts")
    with pytest.raises(BuildError, match="imported already"):
        register(one)
