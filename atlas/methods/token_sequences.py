"""Sequences of tokens to train on, from text files or from files of tokens.

Text is tokenised and cut into sequences of one length, each starting with the model's first-token
rule's token; documents follow each other without a gap. A share of the sequences is kept out of
training, for measuring the result.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int

from atlas.errors import DAMAGED, MISSHAPEN, BadInput, UnknownFormat
from atlas.models.language_model import LanguageModel

USUAL_LENGTH = 128  # tokens per sequence
PIECE = 200_000  # characters that are tokenised at once; a tokenizer keeps offsets for each
Ids = Int[np.ndarray, "sequence position"]


@dataclass(frozen=True)
class SequenceSettings:
    """How text becomes sequences."""

    # Tokens per sequence, its first token included; None: 128, or the model's context if shorter.
    length: int | None = None
    rows: int = 32  # sequences per forward pass
    held_out: float = 0.05  # share of the sequences that training never sees
    seed: int = 0  # of which sequences are held out, and of the order of training


@dataclass(frozen=True)
class TokenSequences:
    """Sequences for training, and others for measuring."""

    training: Ids
    held_out: Int[np.ndarray, "held_out_sequence position"]
    settings: SequenceSettings

    def batches(self) -> Iterator[Ids]:
        """Give batches for training without end, in a new order every time round."""
        generator = np.random.default_rng(self.settings.seed)
        while True:
            order = generator.permutation(len(self.training))
            for start in range(0, len(order), self.settings.rows):
                yield self.training[order[start : start + self.settings.rows]]

    def measured(self, tokens: int) -> Iterator[Ids]:
        """Give batches of the held-out sequences once, of about so many tokens at most."""
        count = max(1, tokens // self.held_out.shape[1])
        for start in range(0, min(count, len(self.held_out)), self.settings.rows):
            yield self.held_out[start : min(start + self.settings.rows, count)]


def read_sequences(
    model: LanguageModel, paths: Sequence[Path], settings: SequenceSettings
) -> TokenSequences:
    """The sequences in some files, a share of them held out.

    Raises:
        BadInput, UnknownFormat: as `read_ids`; too few sequences to hold any out.
    """
    ids = read_ids(model, paths, settings.length)
    if len(ids) < 2:
        raise BadInput("files", "at least two sequences", f"{len(ids)}", "give more text")
    order = np.random.default_rng(settings.seed).permutation(len(ids))
    kept = max(1, round(len(ids) * settings.held_out))
    return TokenSequences(ids[order[kept:]], ids[order[:kept]], settings)


def read_ids(model: LanguageModel, paths: Sequence[Path], length: int | None = None) -> Ids:
    """The sequences in some files, one after the other.

    `.txt` is text, `.jsonl` has a text per line under "text", `.npy` holds token ids, and `.npz`
    holds them under "tokens"; ids in rows are sequences already, ids in one row are cut, as text
    is, into sequences of `length` tokens: by default 128, or the model's context if shorter.

    Raises:
        BadInput: ids that the model does not know, or no whole sequence.
        UnknownFormat: another kind of file, or one that does not hold what its name says.
    """
    length = min(USUAL_LENGTH, model.context) if length is None else length
    if not 2 <= length <= model.context:
        raise BadInput("length", f"2 to {model.context} tokens", f"{length}")
    found = [_file_sequences(model, path, length) for path in paths]
    widths = sorted({ids.shape[1] for ids in found})
    if len(widths) > 1:
        raise BadInput("files", "sequences of one length", f"lengths {widths}")
    ids = np.concatenate(found) if found else np.zeros((0, length), dtype=np.int64)
    if not len(ids):
        raise BadInput("files", "at least one whole sequence", "none", "give more text")
    if ids.min() < 0 or ids.max() >= model.d_vocab:
        wrong = int(ids.max()) if ids.max() >= model.d_vocab else int(ids.min())
        raise BadInput("files", f"token ids from 0 to {model.d_vocab - 1}", f"{wrong}")
    return ids


def _file_sequences(model: LanguageModel, path: Path, length: int) -> Ids:
    reader = READERS.get(path.suffix)
    if reader is None:
        raise UnknownFormat(
            str(path), f"a file of {', '.join(READERS)}", path.suffix or "no ending"
        )
    ids = reader(model, path)
    if ids.ndim == 2:
        return ids
    first = model.tokenizer.first_id
    rows = len(ids) // (length - 1)
    cut = ids[: rows * (length - 1)].reshape(rows, length - 1)
    return np.concatenate([np.full((rows, 1), first, dtype=np.int64), cut], axis=1)


def _read_text(model: LanguageModel, path: Path) -> np.ndarray:
    return _tokenised(model, _decoded(path))


def _read_json_lines(model: LanguageModel, path: Path) -> np.ndarray:
    texts = []
    for number, line in enumerate(_decoded(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            text = json.loads(line)["text"]
        except MISSHAPEN as error:
            expected = 'an object with "text"'
            raise UnknownFormat(f"{path}:{number}", expected, f"{error!r}") from error
        if not isinstance(text, str):
            raise UnknownFormat(f"{path}:{number}", '"text" to be a string', type(text).__name__)
        texts.append(text)
    return _tokenised(model, "\n".join(texts))


def _decoded(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnknownFormat(str(path), "text in UTF-8", str(error)) from error


def _tokenised(model: LanguageModel, text: str) -> np.ndarray:
    """The ids of a text, tokenised piece by piece; pieces end where lines do."""
    pieces: list[np.ndarray] = []
    start = 0
    while start < len(text):
        end = text.rfind("\n", start, start + PIECE) + 1
        end = end if end > start and start + PIECE < len(text) else min(start + PIECE, len(text))
        if text[start:end].strip():
            pieces.append(model.tokenize(text[start:end]).ids[1:])
        start = end
    return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int64)


def _read_array(model: LanguageModel, path: Path) -> np.ndarray:
    try:
        # numpy opens arrays of objects, which are pickles, only when it is asked to.
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            ids = loaded["tokens"] if path.suffix == ".npz" else loaded
    except DAMAGED as error:
        raise UnknownFormat(str(path), "arrays of token ids", str(error)) from error
    if ids.ndim not in (1, 2) or not np.issubdtype(ids.dtype, np.integer):
        expected = "whole numbers, in one row or in rows of at least two"
        raise UnknownFormat(str(path), expected, f"{ids.dtype} {ids.shape}")
    if ids.ndim == 2 and ids.shape[1] < 2:
        raise UnknownFormat(str(path), "rows of at least two tokens", f"{ids.shape}")
    return np.asarray(ids, dtype=np.int64)


READERS: dict[str, Callable[[LanguageModel, Path], np.ndarray]] = {
    ".txt": _read_text,
    ".jsonl": _read_json_lines,
    ".npy": _read_array,
    ".npz": _read_array,
}
