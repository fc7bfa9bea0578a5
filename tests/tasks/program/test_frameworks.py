"""Studies of trainings by other libraries, with their own ways of writing metrics."""

from importlib.util import find_spec

import pytest

from study.store.store import Store
from tests.conftest import ROOT

TORCH = """\
import sys, torch, study
torch.manual_seed(int(sys.argv[2]))
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=float(sys.argv[1]))
x = torch.randn(64, 4)
for step in range(1, 21):
    loss = (model(x) - x.sum(1, keepdim=True)).square().mean()
    optimizer.zero_grad(); loss.backward(); optimizer.step()
    study.tell(step=step, loss=loss)
"""
DISTRIBUTED = """\
import os, sys, torch, torch.distributed as dist, study
dist.init_process_group("gloo")
total = torch.tensor([float(dist.get_rank() + 1)])
dist.all_reduce(total)
study.tell(loss=float(total) * float(sys.argv[1]) + int(sys.argv[2]))
dist.destroy_process_group()
"""
LIGHTNING = """\
import sys, torch, lightning as L
from lightning.pytorch.loggers import CSVLogger
L.seed_everything(int(sys.argv[2]))
class Model(L.LightningModule):
    def __init__(self):
        super().__init__(); self.layer = torch.nn.Linear(4, 1)
    def training_step(self, batch, _):
        loss = (self.layer(batch[0]) - 1).square().mean(); self.log("loss", loss); return loss
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=float(sys.argv[1]))
data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(64, 4)), 8)
L.Trainer(max_epochs=2, logger=CSVLogger(".", "logs"), log_every_n_steps=1, accelerator="cpu",
          enable_checkpointing=False, enable_progress_bar=False).fit(Model(), data)
"""
TRAINER = """\
import sys, torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments
config = BertConfig(vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
                    intermediate_size=8)
rows = [{"input_ids": torch.arange(5) + i, "labels": i % 2} for i in range(8)]
args = TrainingArguments("out", max_steps=3, learning_rate=float(sys.argv[1]), logging_steps=1,
                         seed=int(sys.argv[2]), report_to=[], use_cpu=True, save_strategy="no")
trainer = Trainer(BertForSequenceClassification(config), args, train_dataset=rows)
trainer.train()
trainer.state.save_to_json("state.json")
print("loss:", trainer.state.log_history[-1]["train_loss"])
"""
FILE = """\
task: program
question: Does a lower rate help?
baseline:
  run: [RUN, train.py, "{rate}", "{seed}"]
  code: [train.py]
  args: {rate: 0.1}
factors: {args.rate: {high: 0.1, low: 0.01}}
metrics: {loss: {better: lower, FROM}}
seeds: 1
columns: [loss]
"""
TENSORBOARD = TORCH.replace(
    "study.tell(step=step, loss=loss)", 'writer.add_scalar("loss", loss, step)'
).replace("study\n", "torch.utils.tensorboard as t\nwriter = t.SummaryWriter('runs')\n", 1)
TENSORBOARD += "writer.close()\n"


def results(run, tmp_path, script, reader="", words="python", flags=("--on", "inline")):
    (tmp_path / "train.py").write_text(script)
    text = FILE.replace("RUN", words).replace(", FROM", f", from: {reader}" if reader else "")
    (tmp_path / "x.yaml").write_text(text)
    done = run("run", "x.yaml", "--no-speed", *flags)
    assert done.returncode == 0, done.stderr
    store = Store(tmp_path / "results")
    return [store.result(name) for name in store.results()]


@pytest.mark.heavy
def test_plain_pytorch_has_learning_curves(inside, tmp_path):
    for result in results(inside, tmp_path, TORCH):
        assert len(result.history) == 20
        assert result.metrics["loss"] == result.history[-1].measured["loss"]


@pytest.mark.heavy
def test_event_files_of_tensorboard_are_read(inside, tmp_path):
    script = TENSORBOARD.replace("import torch.utils", "torch.utils")
    for result in results(inside, tmp_path, script, "{tensorboard: runs, take: mean_of_last 3}"):
        losses = [row.measured["loss"] for row in result.history]
        assert len(losses) == 20
        assert result.metrics["loss"] == pytest.approx(sum(losses[-3:]) / 3)


@pytest.mark.slow
def test_torchrun_starts_a_process_for_every_device(study, tmp_path):
    words = 'torchrun, --nproc-per-node, "{devices}"'
    flags = ("--on", "local", "--devices", "2")
    ended = results(study, tmp_path, DISTRIBUTED, words=words, flags=flags)
    assert sorted(result.metrics["loss"] for result in ended) == pytest.approx([0.03, 0.3])


@pytest.mark.slow
@pytest.mark.skipif(find_spec("lightning") is None, reason="lightning is not installed")
def test_lightning_writes_csv_files(inside, tmp_path):
    reader = "{csv: logs/*/metrics.csv}"
    assert all(len(r.history) == 16 for r in results(inside, tmp_path, LIGHTNING, reader))


@pytest.mark.slow
@pytest.mark.skipif(find_spec("transformers") is None, reason="transformers is not installed")
def test_a_trainer_of_transformers_prints_its_loss(inside, tmp_path):
    reader = "{stdout: 'loss: (\\S+)'}"
    assert len(results(inside, tmp_path, TRAINER, reader)) == 2


@pytest.mark.slow
def test_the_study_that_ships_runs(inside, tmp_path):
    study = ROOT / "ablations" / "program_digits.yaml"
    done = inside("run", study, "--on", "inline", "--set", "seeds=2", "--no-speed")
    assert done.returncode == 0, done.stderr
