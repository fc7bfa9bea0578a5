"""Fit a support vector machine on scikit-learn's digits, and print how many it reads rightly.

An ordinary script that knows nothing of studies: its arguments come from the study file.
"""

import argparse

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

SCALERS = {"none": None, "standard": StandardScaler(), "range": MinMaxScaler()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scaler", choices=SCALERS, default="none")
    parser.add_argument("--penalty", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    images, digits = load_digits(return_X_y=True)
    split = train_test_split(images, digits, train_size=400, random_state=args.seed)
    train_images, test_images, train_digits, test_digits = split

    machine = SVC(C=args.penalty)
    scaler = SCALERS[args.scaler]
    model = make_pipeline(scaler, machine) if scaler is not None else machine
    model.fit(train_images, train_digits)
    print(f"accuracy: {model.score(test_images, test_digits):.6f}")
    print(f"vectors: {machine.n_support_.sum()}")


if __name__ == "__main__":
    main()
