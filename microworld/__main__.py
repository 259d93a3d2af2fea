"""`python -m microworld COMMAND`: trains the embedded model and its dictionaries; see `--help`."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import torch

from atlas.entries.library import Library
from atlas.models.language_model import LanguageModel
from microworld.dictionaries import STAGES, DictionarySettings
from microworld.document import Document
from microworld.evaluate import accuracies
from microworld.export import export
from microworld.fresh import told, write_fresh
from microworld.grammar import ASKING
from microworld.model_card import write_model_card
from microworld.prompts import prompt_rows, write_prompts
from microworld.report import build_report, write_report
from microworld.retrain import retrain
from microworld.tables import held_out_table, report_tables
from microworld.train_model import ModelSize, Trainer, TrainingSettings, save_model

HERE = Path(__file__).resolve().parent
WEIGHTS = HERE / "weights"

Command = Callable[[argparse.Namespace], None]

logger = logging.getLogger(__name__)


def _train(arguments: argparse.Namespace) -> None:
    trained = Trainer(arguments.run, TrainingSettings(), ModelSize()).run()
    save_model(trained, WEIGHTS / "model")


def _evaluate(arguments: argparse.Namespace) -> None:
    model = LanguageModel.load(str(arguments.model))
    for name, measured in accuracies(model.logits, arguments.rows, arguments.split).items():
        logger.info("%-18s %.4f of %d", name, measured.accuracy, measured.n)


def _export(arguments: argparse.Namespace) -> None:
    labelled = export(arguments.out)
    logger.info("%s: %d sequences", arguments.out, len(labelled.tokens))


def _prompts(arguments: argparse.Namespace) -> None:
    wanted = dict(condition.split("=", 1) for condition in arguments.where)

    def keep(document: Document) -> bool:
        return wanted.items() <= dict(document.entities).items()

    rows = prompt_rows(arguments.behaviour, arguments.rows, keep)
    write_prompts(rows, arguments.out)
    logger.info("%s: %d rows", arguments.out, len(rows))


def _fresh(arguments: argparse.Namespace) -> None:
    found = write_fresh(Library.open(HERE.parent), arguments.out, arguments.rows, arguments.seed)
    for line in told(found):
        logger.info("%s", line)


def _dictionaries(arguments: argparse.Namespace) -> None:
    arguments.run.mkdir(parents=True, exist_ok=True)
    for stage in arguments.only or STAGES:
        STAGES[stage](WEIGHTS, arguments.run, DictionarySettings())


def _retrain(arguments: argparse.Namespace) -> None:
    out = arguments.out / f"{arguments.varied}-{arguments.seed}"
    command = retrain(arguments.varied, arguments.seed, WEIGHTS, out)
    logger.info("%s\nwhat holds there: %s", out, command)


def _report(arguments: argparse.Namespace) -> None:
    report = build_report(WEIGHTS, arguments.run / "random")
    write_report(report, HERE / "report.json")
    (HERE / "report.md").write_text(report_tables(report), encoding="utf-8")
    (HERE / "heldout.md").write_text(held_out_table(), encoding="utf-8")
    write_model_card(HERE.parent)


def _card(arguments: argparse.Namespace) -> None:
    logger.info("%s", write_model_card(HERE.parent))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m microworld", description=__doc__)
    parser.add_argument("--threads", type=int, default=2, help="of torch")
    commands = parser.add_subparsers(required=True)

    def add(run_command: Command, about: str) -> argparse.ArgumentParser:
        command = commands.add_parser(run_command.__name__.strip("_"), help=about)
        command.set_defaults(run_command=run_command)
        run = Path("build/microworld")
        command.add_argument("--run", type=Path, default=run, help="folder of checkpoints")
        return command

    add(_train, "train the model; resumes where it stopped")
    command = add(_evaluate, "accuracy per behaviour")
    command.add_argument("--model", type=Path, default=WEIGHTS / "model")
    command.add_argument("--rows", type=int, default=400, help="prompts per behaviour at most")
    command.add_argument("--split", choices=("train", "test"), default="test")
    command = add(_export, "write the held-out token file with its latents")
    command.add_argument("--out", type=Path, default=WEIGHTS / "heldout_tokens.npz")
    command = add(_prompts, "write a circuit's prompts.jsonl")
    command.add_argument("behaviour", choices=ASKING)
    command.add_argument("--rows", type=int, default=400, help="test rows at most")
    command.add_argument(
        "--where", action="append", default=[], help="entity=value that rows must have"
    )
    command.add_argument("--out", type=Path, required=True)
    command = add(
        _fresh, "write prompts that no circuit holds, for `atlas reproduce --fresh-prompts`"
    )
    command.add_argument("--rows", type=int, default=200, help="for each circuit at most")
    today = datetime.now(UTC).date().isoformat()
    command.add_argument("--seed", default=today, help="default: the date")
    command.add_argument("--out", type=Path, default=Path("build/fresh_prompts"))
    command = add(_dictionaries, "train the dictionaries and the random-weight control")
    command.add_argument(
        "--only", action="append", choices=STAGES, help="only this one; repeatable"
    )
    _retrain_options(add)
    add(_report, "measure everything; write report.json, the tables and the model's entry")
    add(_card, "write models/microworld.yaml with the digests of the files")
    return parser


def _retrain_options(add: Callable[[Command, str], argparse.ArgumentParser]) -> None:
    command = add(_retrain, "train the transcoders, or the model too, from another seed; resumes")
    command.add_argument("varied", choices=("dictionary", "model"))
    command.add_argument("--seed", type=int, choices=range(1, 10), required=True)
    command.add_argument("--out", type=Path, default=Path("build/retrained"))


def main() -> None:
    """Read the command line and run one command."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    arguments = _parser().parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.run_command(arguments)


if __name__ == "__main__":
    main()
