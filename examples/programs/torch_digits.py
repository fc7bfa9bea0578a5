"""Train a small network with PyTorch on scikit-learn's digits, and report its accuracy.

An ordinary script: it runs without a study too, where `study.tell` does nothing.
"""

import argparse

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn.functional import cross_entropy

import study

EPOCHS, BATCH = 8, 64


def build(width: int = 16, norm: str = "none") -> nn.Module:
    """The network; the study file names it, so that a plan counts its parameters."""

    def layer(inputs: int) -> list[nn.Module]:
        more = [nn.BatchNorm2d(width)] if norm == "batch" else []
        return [nn.Conv2d(inputs, width, 3, padding=1), *more, nn.ReLU()]

    return nn.Sequential(
        *layer(1), nn.MaxPool2d(2), *layer(width), nn.Flatten(), nn.Linear(width * 16, 10)
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--norm", choices=["none", "batch"], default="none")
    parser.add_argument("--rate", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    images, digits = load_digits(return_X_y=True)
    data = torch.tensor(images, dtype=torch.float32).view(-1, 1, 8, 8) / 16
    train, test, y, y_test = train_test_split(data, torch.tensor(digits), random_state=args.seed)

    model = build(args.width, args.norm)
    optimizer = torch.optim.SGD(model.parameters(), lr=args.rate, momentum=0.9)
    for epoch in range(1, EPOCHS + 1):
        for batch in torch.randperm(len(train)).split(BATCH):
            optimizer.zero_grad()
            loss = cross_entropy(model.train()(train[batch]), y[batch])
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            right = model.eval()(test).argmax(1) == y_test
        study.tell(step=epoch, loss=loss, accuracy=right.float().mean())


if __name__ == "__main__":
    main()
