"""The attributions that are compared: which model, how many tokens, how many rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.jobs import BUILD, ROOT, Job
from benchmarks.random_models import MEDIUM, SMALL, prompt, write

MODELS = {"small": SMALL, "medium": MEDIUM}
TRAINED = "microworld"
PADDING = 0
RANKED = 1024  # rows of features, the most influential ones


@dataclass(frozen=True)
class Cell:
    """One row of the table."""

    model: str
    tokens: int
    most: int | None  # features that get a row; None: all
    peer_runs: bool = True

    @property
    def name(self) -> str:
        """As in the table."""
        return f"{self.model} / {self.tokens} / {self.most or 'full'}"


CELLS = (
    Cell(TRAINED, 16, RANKED),
    Cell(TRAINED, 16, None),
    Cell(TRAINED, 48, RANKED),
    Cell(TRAINED, 48, None),
    Cell("small", 16, RANKED),
    Cell("small", 16, None),
    Cell("small", 48, RANKED),
    Cell("medium", 16, RANKED),
    Cell("medium", 48, RANKED),
    Cell("small", 48, None),
    Cell("medium", 16, None),
    # 25,000 rows and columns, of which the peer keeps three copies: 7 GB, and hours at its default.
    Cell("medium", 48, None, peer_runs=False),
)


def job_of(cell: Cell) -> Job:
    """The cell's model and prompt; a random model is written first."""
    if cell.model == TRAINED:
        weights = ROOT / "microworld" / "weights"
        with np.load(weights / "heldout_tokens.npz") as held_out:
            tokens = held_out["tokens"]
        full = tokens[(tokens != PADDING).all(axis=1)][0]
        ids = full[: cell.tokens].tolist()
        return Job(str(weights / "model"), str(weights / "transcoders"), ids, cell.most)
    wanted = MODELS[cell.model]
    folder = write(wanted, BUILD / cell.model)
    ids = prompt(wanted, cell.tokens)
    return Job(str(folder / "model"), str(folder / "transcoders"), ids, cell.most)
