"""Files that are no checkpoint of a model are refused."""

import pickle

import pytest
import timm
import torch

from study.errors import BuildError
from study.models.weights import load
from tests.models.checkpoints import GIVEN, model

NOT_FETCHED = {
    "git-lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
    "a page": (b"\n<!DOCTYPE html><html>Log in</html>", "web page"),
    "an error": (b'{"error": "not found"}', "it is text"),
}


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
@pytest.mark.parametrize("what", NOT_FETCHED)
def test_what_stands_in_the_place_of_weights_is_told_as_such(what, suffix, tmp_path):
    content, message = NOT_FETCHED[what]
    path = tmp_path / f"weights.{suffix}"
    path.write_bytes(content)
    with pytest.raises(BuildError, match=message):
        load(model(), path)


class Evil:
    """Would write a file if it were ever unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("protocol", [2, 5, None])
def test_a_pickle_that_would_run_code_is_not_opened(protocol, tmp_path):
    content = {"state_dict": GIVEN, "more": Evil(tmp_path / "created")}
    path = tmp_path / "weights.pth.tar"
    if protocol is None:
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content, protocol))
    with pytest.raises(BuildError, match="holds more than tensors"):
        load(model(), path)
    assert not (tmp_path / "created").exists()


def test_a_pickled_model_is_no_set_of_tensors(saved):
    with pytest.raises(BuildError, match=r"it refers to timm\.models\.resnet\.ResNet"):
        load(model(), saved(timm.create_model("test_resnet")))


SPOILT = {
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("no checkpoint"),
    "a list": lambda path: torch.save([1, 2], path),
    "other keys": lambda path: torch.save({"epoch": 3, "net": [1, 2]}, path),
    "nothing": lambda path: torch.save({}, path),
    "a number": lambda path: torch.save({"state_dict": 3}, path),
}


@pytest.mark.parametrize("how", SPOILT)
def test_what_is_no_checkpoint_is_refused_with_its_name(how, saved):
    path = saved(GIVEN)
    SPOILT[how](path)
    message = r"weights\.pth (cannot be read|is no checkpoint|holds a|has no tensors)"
    with pytest.raises(BuildError, match=message):
        load(model(), path)


def test_broken_safetensors_are_refused(tmp_path):
    (tmp_path / "weights.safetensors").write_text("no tensors")
    with pytest.raises(BuildError, match="cannot be read"):
        load(model(), tmp_path / "weights.safetensors")


def test_tensors_that_a_family_cannot_rename_are_refused(saved):
    vit = timm.create_model("test_vit", num_classes=10)
    with pytest.raises(BuildError, match=r"weights\.pth"):
        load(vit, saved({"pos_embed": torch.zeros(3), "patch_embed.proj.weight": torch.zeros(2)}))


def test_a_slip_in_the_name_of_a_file_is_noticed(saved, tmp_path):
    saved(GIVEN)
    with pytest.raises(BuildError, match=r'no checkpoint .*wieghts.pth; is it "weights.pth"'):
        load(model(), tmp_path / "wieghts.pth")
