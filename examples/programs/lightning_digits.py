"""Train a small network with Lightning on scikit-learn's digits; its logger writes TensorBoard."""

import argparse

import lightning
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset, random_split

EPOCHS = 6

Batch = tuple[Tensor, Tensor]


class Classifier(lightning.LightningModule):
    def __init__(self, dropout: float, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.layers = nn.Sequential(
            nn.Linear(64, 64), nn.ReLU(), nn.Dropout(dropout), nn.Linear(64, 10)
        )

    def training_step(self, batch: Batch, index: int) -> Tensor:
        return cross_entropy(self.layers(batch[0]), batch[1])

    def validation_step(self, batch: Batch, index: int) -> None:
        outputs = self.layers(batch[0])
        self.log("val/loss", cross_entropy(outputs, batch[1]))
        self.log("val/accuracy", (outputs.argmax(1) == batch[1]).float().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=self.rate)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    lightning.seed_everything(args.seed)
    images, digits = load_digits(return_X_y=True)
    data = TensorDataset(torch.tensor(images, dtype=torch.float32) / 16, torch.tensor(digits))
    train, val = random_split(data, [1400, len(data) - 1400])
    trainer = lightning.Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=EPOCHS,
        logger=TensorBoardLogger("logs"),
        enable_checkpointing=False,
        enable_progress_bar=False,
    )
    loaders = DataLoader(train, batch_size=32, shuffle=True), DataLoader(val, batch_size=397)
    trainer.fit(Classifier(args.dropout, args.rate), *loaders)


if __name__ == "__main__":
    main()
