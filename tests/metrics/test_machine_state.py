import json

import torch
from torch import nn

from study.metrics import energy, machine_state, workloads
from study.metrics.workloads import ExecutionMode


def test_what_can_be_read_is_ready_for_json():
    state = machine_state.machine_state("cpu")
    assert json.loads(json.dumps(state)) == state
    assert state["load"] >= 0


def test_reasons_are_told_in_words():
    assert machine_state.throttling(0x4 | 0x40) == ["power cap", "hardware thermal"]


def test_a_machine_without_a_driver_has_no_gpu():
    if torch.cuda.is_available():
        return
    with machine_state.nvml("cuda") as handle:
        assert handle is None
    with energy.counter("cuda") as read:
        assert read is None


def test_energy_is_that_of_an_image(tmp_path, monkeypatch):
    package = tmp_path / "intel-rapl:0"
    package.mkdir()
    file = package / "energy_uj"
    file.write_text("0")
    (package / "max_energy_range_uj").write_text("9000000")

    class Burns(nn.Module):
        """Two joules a call; the counter is full at `full`."""

        full = 9_000_000

        def forward(self, images):
            file.write_text(str((int(file.read_text()) + 2_000_000) % self.full))
            return images

    monkeypatch.setattr(energy, "RAPL", tmp_path)
    burns = Burns()
    lane = workloads.inference(burns, workloads.random_images(4, (3, 8, 8), "cpu"), ExecutionMode())
    with energy.counter("cpu") as read:
        for _ in range(6):
            lane.run()
            last = read()
    assert last == 12
    burns.full = 10**15
    assert energy.joules({"a": lane}, "cpu", seconds=0.01) == {"a": [0.5] * 3}


def test_a_counter_that_stands_still_tells_nothing(tmp_path, monkeypatch):
    package = tmp_path / "intel-rapl:0"
    package.mkdir()
    (package / "energy_uj").write_text("7")
    monkeypatch.setattr(energy, "RAPL", tmp_path)
    monkeypatch.setattr(energy, "STILL", 0.01)
    lane = workloads.inference(
        nn.Identity(), workloads.random_images(1, (3, 8, 8), "cpu"), ExecutionMode()
    )
    assert energy.joules({"a": lane}, "cpu", seconds=0.01) == {}


def test_without_a_counter_there_is_no_energy(tmp_path, monkeypatch):
    monkeypatch.setattr(energy, "RAPL", tmp_path)
    lane = workloads.inference(
        nn.Identity(), workloads.random_images(1, (3, 8, 8), "cpu"), ExecutionMode()
    )
    assert energy.joules({"a": lane}, "cpu") == {}
