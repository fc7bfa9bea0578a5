"""What a plugin adds to the registries, and which plugins an arm uses."""

import subprocess
import sys
from pathlib import Path

import pytest
import timm

from study.registries import REGISTRIES, PluginError, register, registry, used_plugins
from study.spec.plugins import find_plugin
from tests.conftest import environment
from tests.registries import restorer

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
    restore, modules = restorer(), set(sys.modules)
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
    assert added.plugin == source
    assert added.names == {"reduction": ("own",), "model": ("my_net",)}
    assert timm.is_model("my_net")
    assert registry("reduction")["own"].__module__ == "own_parts"


def test_it_is_imported_once(own):
    source = own(PART + "REDUCTIONS['own'] = Own\n")
    assert register(source) is register(source)
    with pytest.raises(PluginError, match="from other code"):
        register(own(PART + "REDUCTIONS['other'] = Own\n"))


def test_a_package_imports_its_own_modules(own):
    own(PART, "lab/parts.py")
    text = "from lab.parts import REDUCTIONS, Own\nREDUCTIONS['own'] = Own\n"
    assert register(own(text, "lab/__init__.py")).names == {"reduction": ("own",)}


def test_a_module_inside_a_package_is_imported_by_its_name(own):
    own("", "lab/__init__.py")
    own(PART + "REDUCTIONS['own'] = Own\n", "lab/parts.py")
    assert register(find_plugin("lab.parts")).names == {"reduction": ("own",)}
    assert registry("reduction")["own"].__module__ == "lab.parts"


def test_a_source_is_the_same_module_from_another_folder(own, monkeypatch, tmp_path_factory):
    own("", "lab/__init__.py")
    own(PART + "REDUCTIONS['own'] = Own\n", "lab/parts.py")
    source = find_plugin("lab.parts")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert register(find_plugin(source.text)).plugin == source
    assert registry("reduction")["own"].__module__ == "lab.parts"


def test_an_arm_uses_the_plugin_of_its_part_or_of_its_model(own):
    part = register(own(PART + "REDUCTIONS['own'] = Own\n")).plugin
    assert used_plugins({"reduction": ["own"]}) == {"own_parts": part.digest}
    assert used_plugins({"reduction": ["average"], "stem": ["own"]}) == {}
    net = register(own(MODEL, "nets.py")).plugin
    assert used_plugins({"model": ["my_net"]}) == {"nets": net.digest}
    assert used_plugins({"reduction": ["own"]}) == {"own_parts": part.digest}


def test_a_plugin_that_another_imports_counts_as_well(own):
    register(own(PART + "REDUCTIONS['own'] = Own\n", "second.py"))
    text = "from second import Own, REDUCTIONS\nREDUCTIONS['other'] = type('Other', (Own,), {})\n"
    register(own(text, "first.py"))
    assert list(used_plugins({"reduction": ["other"]})) == ["second", "first"]


BOTH = MODEL + PART  # 12 lines

REFUSED = {
    "raises": (BOTH + "REDUCTIONS['own'] = Owl", r"own_parts.py:13: NameError: name 'Owl'"),
    "raises deeper": (BOTH + "import json\njson.loads('')", r"own_parts.py:14: json.*Expecting"),
    "cannot be read": (BOTH + "REDUCTIONS['own' = Own", r"own_parts.py:13: SyntaxError"),
    "misses a module": (BOTH + "import nosuch", r"own_parts.py:13: ModuleNotFoundError"),
    "ends": (BOTH + "import sys\nsys.exit(3)", r"own_parts.py:14: SystemExit: 3"),
    "no part": (BOTH + "REDUCTIONS['own'] = 3", "own_parts.py: the reduction own cannot be called"),
    "no text": (BOTH + "REDUCTIONS[3] = Own", "has a name that is no text"),
    "a name of a metric": (
        "from study.tasks.classification.quality import QUALITIES\nQUALITIES['a-b'] = len",
        "is written in claims",
    ),
    "our task": (
        "from study.tasks import TASKS\nTASKS['classification'] = None",
        "is a task of this package",
    ),
    "no metric": (
        "from study.tasks.classification.quality import QUALITIES\nQUALITIES['own'] = len",
        "the metric own is no Metric of the kind quality",
    ),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_imported_is_refused_at_its_line(own, text, message):
    with pytest.raises(PluginError, match=message):
        register(own(text))


def test_a_file_that_was_mended_is_imported_again(own):
    with pytest.raises(PluginError, match="NameError"):
        register(own(PART + "REDUCTIONS['own'] = Owl\n"))
    assert register(own(PART + "REDUCTIONS['own'] = Own\n")).names == {"reduction": ("own",)}


WARNED = {
    "replaces a part": (BOTH + "REDUCTIONS['average'] = Own", 'replaces reduction "average"'),
    "removes a part": (BOTH + "del REDUCTIONS['average']", 'removes reduction "average"'),
    "replaces a model": (MODEL.replace("my_net", "resnet18"), 'replaces model "resnet18"'),
    "adds nothing": (PART, "adds nothing to"),
}


@pytest.mark.parametrize(("text", "message"), WARNED.values(), ids=WARNED)
def test_what_may_be_a_mistake_is_warned_of(own, caplog, text, message):
    register(own(text))
    assert message in caplog.text


def test_an_entry_that_was_replaced_is_the_plugins(own):
    plugin = register(own(PART + "REDUCTIONS['average'] = Own\n")).plugin
    assert used_plugins({"reduction": ["average"]}) == {"own_parts": plugin.digest}


def test_a_file_that_changed_since_is_refused(own, tmp_path):
    plugin = own(PART + "REDUCTIONS['own'] = Own\n")
    (tmp_path / "own_parts.py").write_text(PART + "REDUCTIONS['other'] = Own\n")
    with pytest.raises(PluginError, match="has changed since"):
        register(plugin)


STRANGERS = {
    "beside it": ("sizes.py", "own_parts.py", "import sizes"),
    "in a folder above": ("sizes.py", "parts/own_parts.py", "import sizes"),
    "in a package": ("sizes/__init__.py", "own_parts.py", "from sizes import SIZE"),
    "in a folder that is no package": ("lab/sizes.py", "own_parts.py", "from lab import sizes"),
    "beside its package": ("sizes.py", "lab/__init__.py", "import sizes"),
    "called as one of ours": ("study_sizes.py", "own_parts.py", "import study_sizes"),
}


@pytest.mark.parametrize(("stranger", "name", "line"), STRANGERS.values(), ids=STRANGERS)
def test_code_that_no_digest_has_is_warned_of(own, monkeypatch, caplog, stranger, name, line):
    monkeypatch.syspath_prepend(Path.cwd())
    Path(stranger).parent.mkdir(exist_ok=True)
    Path(stranger).write_text("SIZE = 3\n")
    register(own(f"{PART}{line}\nREDUCTIONS['own'] = Own\n", name))
    assert f"{Path(stranger).resolve()}, which is in no digest" in caplog.text


def test_of_two_plugins_with_one_name_the_last_is_used(own):
    text = PART + "REDUCTIONS['own'] = Own\n"
    register(own(text, "first.py"))
    last = register(own(text, "second.py")).plugin
    assert used_plugins({"reduction": ["own"]}) == {"second": last.digest}


def test_a_plugin_that_reaches_another_by_name_or_by_an_entry_uses_it(own):
    base = register(own(PART + "REDUCTIONS['basic'] = Own\n", "base.py")).plugin
    text = PART + "from importlib import import_module\nREDUCTIONS['{}'] = {}\n"
    loaded = "import_module('base').Own"
    by_module = register(own(text.format("loaded", loaded), "first.py")).plugin
    by_entry = register(own(text.format("taken", "REDUCTIONS['basic']"), "second.py")).plugin
    assert used_plugins({"reduction": ["loaded"]}) == {
        "base": base.digest,
        "first": by_module.digest,
    }
    used = used_plugins({"reduction": ["taken"]})
    assert used == {"base": base.digest, "second": by_entry.digest}


def test_the_digest_of_a_package_is_of_its_data_too(own, tmp_path):
    before = own(PART, "lab/__init__.py").digest
    (tmp_path / "lab" / "weights.json").write_text("{}")
    assert find_plugin("lab").digest != before


def test_a_file_of_another_encoding_can_be_used(own, tmp_path):
    (tmp_path / "own_parts.py").write_bytes(
        b"# -*- coding: latin-1 -*-\n# \xe9\n" + f"{PART}REDUCTIONS['own'] = Own\n".encode()
    )
    register(find_plugin("own_parts"))
    assert used_plugins({"reduction": ["own"]})


def test_what_is_installed_or_pythons_may_be_imported(own, monkeypatch, caplog, tmp_path):
    monkeypatch.syspath_prepend(tmp_path / "site-packages")
    own("SIZE = 3\n", "site-packages/sizes.py")
    assert register(own(PART + "import sched, sizes\nREDUCTIONS['own'] = Own\n")).names
    assert not caplog.text


def test_what_a_program_imported_before_is_known_by_its_module(own, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tmp_path)
    plugin = own(PART + "REDUCTIONS['own'] = Own\n")
    __import__("own_parts")
    assert register(plugin).names == {"reduction": ("own",)}


LOSS = """\
from torch import nn
from study.tasks.classification.train.losses import LOSSES

LOSSES["squares"] = lambda recipe: nn.MSELoss()
"""
DESIGN = """\
from study.spec.designs import DESIGNS

DESIGNS["alone"] = lambda factors: [(0,) * len(factors)]
"""


def test_every_registry_exists():
    assert all(isinstance(registry(kind), dict) and registry(kind) for kind in REGISTRIES)


@pytest.mark.parametrize(("text", "kind"), [(LOSS, "loss"), (DESIGN, "design")])
def test_other_kinds_are_told_by_difference_too(own, text, kind):
    (names,) = register(own(text)).names.items()
    assert names[0] == kind


@pytest.mark.heavy
def test_a_plugin_without_networks_needs_no_torch(own, tmp_path):
    own(DESIGN)
    code = (
        "import sys; from study.spec.plugins import find_plugin; from study import registries;"
        "print(registries.register(find_plugin('own_parts')).names, 'torch' in sys.modules)"
    )
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.stdout.strip() == "{'design': ('alone',)} False", done.stderr


SIZED = """\
from timm.models import register_model
from torch import nn

@register_model
def my_sized(pretrained=False, num_classes=10, in_chans=3, img_size=224, **kwargs):
    return nn.Sequential(nn.Flatten(), nn.Linear(in_chans * img_size**2, num_classes))
"""


def test_a_model_that_names_img_size_gets_it(own):
    from study.models import build

    register(own(SIZED))
    model = build("my_sized", {}, num_classes=5, in_chans=3, img_size=16)
    assert model[1].weight.shape == (5, 3 * 16 * 16)


def test_an_operator_may_be_declared_free(own):
    from study.metrics.fvcore_counter import _free

    text = "from study.metrics.fvcore_counter import FREE\nFREE['mylib::gather'] = 'it moves'\n"
    assert not _free("mylib::gather")
    assert register(own(text)).names == {"operator": ("mylib::gather",)}
    assert _free("mylib::gather")
