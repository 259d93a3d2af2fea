"""Token sequences with the true latents beside each token: one .npz file, no objects.

Arrays: ``tokens`` [sequence, position], one ``latent:<name>`` of codes per latent (-1 where it is
not defined), ``behaviour`` [sequence], and ``header``: UTF-8 JSON with the words behind the codes.
Position 0 of each sequence holds the beginning-of-sequence token.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from atlas.errors import DAMAGED, MISSHAPEN, BadInput, UnknownFormat

LATENT_PREFIX = "latent:"
UNDEFINED = -1
# A file is read whole, so a small archive that unpacks to something huge must be refused first.
MAXIMUM_BYTES = 1 << 30
MAXIMUM_ARRAYS = 512
MAXIMUM_HEADER_BYTES = 8 << 20
# Zip files carry a time; a fixed one makes equal content equal bytes.
FIXED_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class LabelledTokens:
    """Sequences of token ids, and what is true at each of them."""

    tokens: Int[np.ndarray, "sequence position"]
    codes: Mapping[str, Int[np.ndarray, "sequence position"]]
    values: Mapping[str, tuple[str, ...]]
    behaviour: Int[np.ndarray, " sequence"]
    behaviours: tuple[str, ...]
    pad_id: int | None = None
    vocabulary: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise BadInput where shapes or codes disagree."""
        _check_shapes(self)
        for name, codes in self.codes.items():
            _check_codes(f"latent {name}", codes, len(self.values.get(name, ())))
        _check_codes("behaviour", self.behaviour, len(self.behaviours))

    @property
    def latents(self) -> tuple[str, ...]:
        """The names of the latents, sorted."""
        return tuple(sorted(self.codes))

    def latent(self, name: str) -> tuple[Int[np.ndarray, "sequence position"], tuple[str, ...]]:
        """Codes of a latent at each token (-1: not defined) and the value behind each code."""
        if name not in self.codes:
            raise BadInput(
                f"latent {name}",
                f"one of {', '.join(self.latents)}",
                "no latent of this name",
                "choose a latent that the token file holds",
            )
        return self.codes[name], self.values[name]

    def is_word(self) -> Bool[np.ndarray, "sequence position"]:
        """True at tokens that count: neither padding nor position 0, which starts each sequence."""
        words: np.ndarray = np.ones(self.tokens.shape, dtype=bool)
        words[:, 0] = False
        if self.pad_id is not None:
            words &= self.tokens != self.pad_id
        return words

    def spread(self, sequences: int) -> LabelledTokens:
        """So many of the sequences, spread evenly over the file; all if it has fewer."""
        count = min(sequences, len(self.tokens))
        rows = np.arange(count) * len(self.tokens) // max(count, 1)
        return replace(
            self,
            tokens=self.tokens[rows],
            codes={name: codes[rows] for name, codes in self.codes.items()},
            behaviour=self.behaviour[rows],
        )

    def mask(
        self, predicate: Mapping[str, Any], vocabulary: Sequence[str] | None = None
    ) -> Bool[np.ndarray, "sequence position"]:
        """True where the predicate holds, among the tokens that count.

        A predicate is {latent, equals}, {latent, in: [values]} or {tokens: [strings]}. The last
        needs the vocabulary, token strings by id, unless the file holds it. Raises BadInput.
        """
        if "tokens" in predicate:
            ids = _token_ids(predicate["tokens"], tuple(vocabulary or self.vocabulary))
            return self.is_word() & np.isin(self.tokens, ids)
        codes, values = self.latent(str(predicate.get("latent")))
        wanted = _wanted_values(predicate)
        unknown = [value for value in wanted if value not in values]
        if unknown:
            raise BadInput(
                f"latent {predicate['latent']}",
                f"values among {', '.join(values[:8])}{' …' if len(values) > 8 else ''}",
                f"{', '.join(unknown)}",
                "use a value that the token file holds",
            )
        return self.is_word() & np.isin(codes, [values.index(value) for value in wanted])

    def defined(self, predicate: Mapping[str, Any]) -> Bool[np.ndarray, "sequence position"]:
        """True where the predicate can be judged: its latent is defined (tokens always are)."""
        if "tokens" in predicate:
            return self.is_word()
        codes, _ = self.latent(str(predicate.get("latent")))
        return self.is_word() & np.isin(codes, [UNDEFINED], invert=True)

    def save(self, path: Path) -> None:
        """Write the file; equal content gives equal bytes."""
        header = {
            **self.extra,
            "latents": {name: list(self.values[name]) for name in self.latents},
            "behaviours": list(self.behaviours),
            "pad_id": self.pad_id,
            "vocabulary": list(self.vocabulary),
        }
        text = json.dumps(header, ensure_ascii=False, sort_keys=True).encode()
        arrays: dict[str, np.ndarray] = {
            "tokens": self.tokens,
            "behaviour": self.behaviour,
            "header": np.frombuffer(text, dtype=np.uint8),
        }
        arrays |= {LATENT_PREFIX + name: self.codes[name] for name in self.latents}
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_archive(path, arrays)

    @classmethod
    def load(cls, path: Path) -> LabelledTokens:
        """Read a file. Raises UnknownFormat for anything that is not a labelled token file."""
        arrays = _read_archive(path)
        header = _header(path, arrays.pop("header", None))
        tokens, behaviour = arrays.pop("tokens", None), arrays.pop("behaviour", None)
        if tokens is None or tokens.ndim != 2:
            raise _unreadable(path, "an array tokens [sequence, position]", "none")
        if behaviour is None:
            behaviour = np.full(len(tokens), UNDEFINED, dtype=np.int8)
        latents = dict(header.pop("latents"))
        codes = {
            name.removeprefix(LATENT_PREFIX): array
            for name, array in arrays.items()
            if name.startswith(LATENT_PREFIX)
        }
        if set(codes) != set(latents):
            raise _unreadable(path, f"latents {sorted(latents)}", f"arrays for {sorted(codes)}")
        try:
            return cls(
                tokens=tokens,
                codes=codes,
                values={name: tuple(map(str, words)) for name, words in latents.items()},
                behaviour=behaviour,
                behaviours=tuple(map(str, header.pop("behaviours", ()))),
                pad_id=header.pop("pad_id", None),
                vocabulary=tuple(map(str, header.pop("vocabulary", None) or ())),
                extra=header,
            )
        except (BadInput, *MISSHAPEN) as error:
            raise _unreadable(path, "arrays that agree with the header", str(error)) from error


def _wanted_values(predicate: Mapping[str, Any]) -> list[str]:
    if "equals" in predicate:
        return [str(predicate["equals"])]
    if "in" in predicate:
        return [str(value) for value in predicate["in"]]
    raise BadInput(
        "predicate",
        "one of equals, in, tokens",
        f"keys {sorted(predicate)}",
        "say which values of the latent are meant",
    )


def _token_ids(strings: Sequence[str], vocabulary: tuple[str, ...]) -> list[int]:
    index = {string: number for number, string in enumerate(vocabulary)}
    missing = [string for string in strings if string not in index]
    if missing:
        raise BadInput(
            "predicate tokens",
            "tokens of the vocabulary",
            ", ".join(map(repr, missing)),
            "write each token as the tokenizer does",
        )
    return [index[string] for string in strings]


def _check_shapes(labelled: LabelledTokens) -> None:
    shape = labelled.tokens.shape
    wrong = [name for name, codes in labelled.codes.items() if codes.shape != shape]
    if (
        wrong
        or labelled.behaviour.shape != shape[:1]
        or set(labelled.codes) != set(labelled.values)
    ):
        raise BadInput(
            "labelled tokens",
            f"latents of shape {shape}, one behaviour per sequence, and values for each latent",
            f"latents of another shape: {wrong}; behaviour {labelled.behaviour.shape}",
        )


def _check_codes(where: str, codes: np.ndarray, count: int) -> None:
    if codes.size and (codes.min() < UNDEFINED or codes.max() >= count):
        raise BadInput(where, f"codes from -1 to {count - 1}", f"{codes.min()} to {codes.max()}")


def _unreadable(path: Path, expected: str, found: str) -> UnknownFormat:
    return UnknownFormat(str(path), expected, found, "write the file again from its source")


def _header(path: Path, array: np.ndarray | None) -> dict[str, Any]:
    if array is None or array.dtype != np.uint8 or array.ndim != 1:
        raise _unreadable(path, "a header of UTF-8 bytes", "none")
    if array.size > MAXIMUM_HEADER_BYTES:
        raise _unreadable(path, f"a header under {MAXIMUM_HEADER_BYTES} bytes", f"{array.size}")
    try:
        header = json.loads(array.tobytes().decode())
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, "a JSON header", str(error)) from error
    latents = header.get("latents") if isinstance(header, dict) else None
    if not isinstance(latents, dict) or not all(isinstance(v, list) for v in latents.values()):
        raise _unreadable(path, "a header with latents: {name: [values]}", repr(latents)[:60])
    if not isinstance(header.get("pad_id"), int | None):
        raise _unreadable(path, "a token's id as pad_id, or none", repr(header["pad_id"])[:60])
    return dict(header)


def _read_archive(path: Path) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if size > MAXIMUM_BYTES or len(members) > MAXIMUM_ARRAYS:
                raise _unreadable(
                    path,
                    f"at most {MAXIMUM_ARRAYS} arrays and {MAXIMUM_BYTES} bytes",
                    f"{len(members)} arrays and {size} bytes",
                )
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: np.asarray(arrays[name]) for name in arrays.files}
    except DAMAGED as error:
        raise _unreadable(path, "an .npz archive without objects", str(error)) from error
    for name, array in found.items():
        if not np.issubdtype(array.dtype, np.integer):
            raise _unreadable(path, f"whole numbers in {name}", str(array.dtype))
    return found


def _write_archive(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(arrays):
            buffer = io.BytesIO()
            np.lib.format.write_array(
                buffer, np.ascontiguousarray(arrays[name]), allow_pickle=False
            )
            member = zipfile.ZipInfo(f"{name}.npy", FIXED_TIME)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, buffer.getvalue())
