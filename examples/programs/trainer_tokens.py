"""Train a tiny BERT with Hugging Face's Trainer to say which of two tokens is more frequent.

The configuration is built here and the sequences are drawn, so that nothing is downloaded.
"""

import argparse

import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    EvalPrediction,
    Trainer,
    TrainingArguments,
)

LENGTH, TRAIN, EVAL = 15, 1024, 512


def sequences(count: int, seed: int) -> list[dict[str, torch.Tensor]]:
    """Sequences of the tokens 1 and 2, each with the label 1 if there are more of the token 2."""
    tokens = torch.randint(1, 3, (count, LENGTH), generator=torch.Generator().manual_seed(seed))
    labels = (tokens.float().mean(1) > 1.5).long()
    return [{"input_ids": t, "labels": y} for t, y in zip(tokens, labels, strict=True)]


def accuracy(outputs: EvalPrediction) -> dict[str, float]:
    return {"accuracy": float((outputs.predictions.argmax(1) == outputs.label_ids).mean())}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--heads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    arguments = TrainingArguments(
        "out",
        num_train_epochs=2,
        per_device_train_batch_size=32,
        learning_rate=3e-3,
        logging_steps=8,
        eval_strategy="epoch",
        save_strategy="no",
        seed=args.seed,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    torch.manual_seed(args.seed)  # the weights are drawn before the Trainer sets its seed
    config = BertConfig(
        vocab_size=3,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=args.layers,
        num_attention_heads=args.heads,
    )
    trainer = Trainer(
        BertForSequenceClassification(config),
        arguments,
        train_dataset=sequences(TRAIN, args.seed),
        eval_dataset=sequences(EVAL, args.seed + 1_000_000),
        compute_metrics=accuracy,
    )
    trainer.train()
    trainer.save_metrics("eval", trainer.evaluate())
    trainer.state.save_to_json("out/trainer_state.json")


if __name__ == "__main__":
    main()
