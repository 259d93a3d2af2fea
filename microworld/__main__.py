"""`python -m microworld COMMAND`: train, evaluate, export, prompts, dictionaries, report."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import torch

from microworld.export import export
from microworld.prompts import prompt_rows, write_prompts
from microworld.train_model import ModelSize, Trainer, TrainingSettings, save_model

WEIGHTS = Path(__file__).resolve().parent / "weights"


def _train(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    settings = TrainingSettings(steps=arguments.steps)
    save_model(Trainer(arguments.run, settings, ModelSize()).run(), WEIGHTS / "model")


def _export(arguments: argparse.Namespace) -> None:
    export(WEIGHTS / "heldout_tokens.npz")


def _prompts(arguments: argparse.Namespace) -> None:
    write_prompts(prompt_rows(arguments.behaviour, arguments.rows), arguments.out)


def main() -> None:
    """Read the command line and run one command."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(prog="python -m microworld", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("train", help="train the model; resumes where it stopped")
    command.add_argument("--run", type=Path, default=Path("build/microworld"), help="checkpoints")
    command.add_argument("--steps", type=int, default=TrainingSettings().steps)
    command.add_argument("--threads", type=int, default=2)
    command.set_defaults(run_command=_train)
    command = commands.add_parser("export", help="write the held-out token file with its latents")
    command.set_defaults(run_command=_export)
    command = commands.add_parser("prompts", help="write a circuit's prompts.jsonl")
    command.add_argument("behaviour")
    command.add_argument("--rows", type=int, default=400, help="test rows at most")
    command.add_argument("--out", type=Path, required=True)
    command.set_defaults(run_command=_prompts)
    arguments = parser.parse_args()
    arguments.run_command(arguments)


if __name__ == "__main__":
    main()
