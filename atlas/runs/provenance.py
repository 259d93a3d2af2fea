"""What a result was made from, so that anyone can tell whether it still speaks of the same thing.

Everything that differs between two identical runs stands under `run`; the rest is the same bytes.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import atlas.errors
from atlas.entries.digests import file_digest, files_digest, folder_digest, text_digest
from atlas.entries.measurement import check_type
from atlas.entries.model import DictionaryReference, Model, TokensReference, WeightsReference
from atlas.errors import EntryError

PACKAGES = ("numpy", "scipy", "torch", "transformers", "transformer-lens", "sae-lens")
"""Packages whose version can change a number."""

MEASURING = ("dashboards", "graphs", "methods", "models", "runs")
"""Parts of the engine whose code can change a number; also some readers of entries."""
READERS = ("circuit", "feature", "position", "prompts")

DTYPE = "float32"  # graphs are checked to 1e-4, which half precision cannot hold
SEED = 0  # of partners, control draws and resamples


@dataclass(frozen=True)
class Provenance:
    """Digests, versions and settings of one run."""

    entry_digest: str
    prompts_digest: str  # "" where the entry has no prompts
    notebook_digest: str
    code_digest: str
    weights_digest: str
    versions: Mapping[str, str]
    seed: int = SEED
    dtype: str = DTYPE
    device: str = "cpu"  # as the model's resources say
    run: Mapping[str, Any] | None = None  # started, seconds, host: different each time

    @property
    def key(self) -> Provenance:
        """The same without what differs between identical runs: equal keys, equal results."""
        return replace(self, run=None)

    def same_entry(self, other: Provenance) -> bool:
        """Whether both speak of the same entry, prompts and weights; code may differ."""
        mine = (self.entry_digest, self.prompts_digest, self.weights_digest)
        return mine == (other.entry_digest, other.prompts_digest, other.weights_digest)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Provenance:
        """Read what `to_json` gives. Raises EntryError for anything else."""
        try:
            found = cls(**value)
            for each in fields(cls):
                check_type(each.name, each.type, getattr(found, each.name))
            if not all(isinstance(each, Mapping) for each in (found.versions, found.run or {})):
                raise TypeError("versions or run is no mapping")
            return found
        except TypeError as error:
            raise EntryError(
                "provenance", "the fields of a result", str(error), "run the entry again"
            ) from error


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that can change a number; absent ones left out."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def code_digest() -> str:
    """The digest of the code that measures."""
    root = Path(atlas.errors.__file__).parent
    paths = [path for package in MEASURING for path in (root / package).rglob("*.py")]
    paths += [root / "entries" / f"{name}.py" for name in READERS]
    return files_digest(root, paths)


def weights_digest(library: Path, model: Model, dictionary: str) -> str:
    """The digest of the bytes that a run of this model and dictionary reads.

    Folders are read; what lies on a hub is named by its revision.
    """
    named: list[WeightsReference | DictionaryReference | TokensReference] = [model.weights]
    named += [each for each in model.dictionaries if each.id == dictionary]
    if model.tokens is not None:
        named.append(model.tokens)
    return text_digest("\n".join(_bytes_of(library, each) for each in named))


def _bytes_of(
    library: Path, named: WeightsReference | DictionaryReference | TokensReference
) -> str:
    if isinstance(named, TokensReference):
        path = library / named.file
        return file_digest(path) if path.is_file() else named.sha256
    if named.folder:
        folder = library / named.folder
        return folder_digest(folder) if folder.is_dir() else named.sha256
    return f"{named.hub}@{named.revision}"
