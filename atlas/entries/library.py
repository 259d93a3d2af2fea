"""The library: the folder that holds all entries, found and read on demand.

Each kind of entry is a mapping from id to record. Ids come from the names of files, so listing
them reads nothing; a file is read, once, when its entry is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from atlas.entries.circuit import Circuit
from atlas.entries.feature import Feature
from atlas.entries.ids import FeatureId, is_slug
from atlas.entries.json_source import read_lines
from atlas.entries.migrations import migrated
from atlas.entries.model import Model
from atlas.entries.problems import Problem, UnreadableFile, did_you_mean
from atlas.entries.prompts import PromptRow
from atlas.entries.redirects import Redirects
from atlas.entries.resource import Resource
from atlas.entries.text import quoted
from atlas.entries.vocabulary import Vocabulary
from atlas.entries.yaml_source import read_yaml
from atlas.errors import BadInput, BrokenReference, SchemaError, WrongPlace
from atlas.files.only_run import beside

Entry = TypeVar("Entry", Circuit, Feature, Model, Resource, Vocabulary)
Origin = Literal["option", "checkout", "package"]

PACKAGED = Path(__file__).resolve().parents[1] / "library_data"
_FOLDERS = ("circuits", "models", "schema", "vocabulary")  # what makes a folder a library


def own_schema_folder() -> Path:
    """The schemas that belong to this code, whatever library is read with it."""
    packaged = PACKAGED / "schema"
    return packaged if packaged.is_dir() else PACKAGED.parents[1] / "schema"


class EntryMapping(Mapping[str, Entry], Generic[Entry]):
    """Entries by id, read from their files when they are asked for."""

    def __init__(
        self, kind: str, record: type[Entry], paths: Callable[[], dict[str, Path]]
    ) -> None:
        self._kind = kind
        self._record: type[Any] = record
        self._find_paths = paths
        self._read: dict[str, Entry] = {}

    @cached_property
    def paths(self) -> dict[str, Path]:
        """The file of each id, sorted by id."""
        return self._find_paths()

    def __getitem__(self, entry_id: str) -> Entry:
        if entry_id not in self._read:
            path = self.paths[entry_id]
            document = migrated(read_yaml(path), self._kind)
            record: Entry = self._record.from_data(document.data, str(path))
            if record.id != entry_id:
                found = quoted(record.id)
                raise WrongPlace(str(path), f"the id {entry_id}", found, "run `atlas check`")
            self._read[entry_id] = record
        return self._read[entry_id]

    def find(self, entry_id: str) -> Entry:
        """The entry of that id; raises BrokenReference, with the nearest id, if there is none."""
        if entry_id not in self.paths:
            raise BrokenReference(
                f"{self._kind} {quoted(entry_id)}",
                f"the id of a {self._kind} in the library",
                "no such id",
                f"see `atlas list {self._kind}s`{did_you_mean(entry_id, self.paths)}",
            )
        return self[entry_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)

    def __contains__(self, entry_id: object) -> bool:
        return entry_id in self.paths


@dataclass(frozen=True)
class Library:
    """A folder of entries, and how it was found."""

    root: Path
    origin: Origin

    @classmethod
    def open(cls, folder: Path | None = None, start: Path | None = None) -> Library:
        """The library in `folder`, else in the checkout above `start`, else in the package.

        `start` is the working directory unless given. Raises BadInput if there is none.
        """
        if folder is not None:
            if not (folder / "models").is_dir() and not (folder / "circuits").is_dir():
                raise BadInput(
                    str(folder), "a library", "neither circuits/ nor models/", "name its root"
                )
            return cls(folder.resolve(), "option")
        start = (start or Path.cwd()).resolve()
        for above in (start, *start.parents):
            if all((above / name).is_dir() for name in _FOLDERS):
                return cls(above, "checkout")
        # An editable installation has no library inside the package, but one beside it.
        for packaged in (PACKAGED, PACKAGED.parents[1]):
            if all((packaged / name).is_dir() for name in _FOLDERS):
                return cls(packaged, "package")
        action = "go into a checkout, or name its folder with --library"
        raise BadInput(
            "library", "a folder with circuits/ and models/", f"none above {start}", action
        )

    def __str__(self) -> str:
        how = {
            "option": "named by --library",
            "checkout": "the checkout above the working directory",
            "package": "installed with the package",
        }
        return f"{self.root} ({how[self.origin]})"

    @cached_property
    def circuits(self) -> EntryMapping[Circuit]:
        """Circuits by id."""
        return EntryMapping("circuit", Circuit, lambda: _folders(self.root / "circuits"))

    @cached_property
    def features(self) -> EntryMapping[Feature]:
        """Features by full id, `<model>/<dictionary>/<layer>-<index>`."""
        return EntryMapping("feature", Feature, lambda: _features(self.root / "features"))

    @cached_property
    def models(self) -> EntryMapping[Model]:
        """Models by id."""
        return EntryMapping("model", Model, lambda: _files(self.root / "models"))

    @cached_property
    def resources(self) -> EntryMapping[Resource]:
        """Papers, tools and data sets by id."""
        return EntryMapping("resource", Resource, lambda: _files(self.root / "resources"))

    @cached_property
    def vocabularies(self) -> EntryMapping[Vocabulary]:
        """Vocabularies by name: domains, behaviours, roles, metrics, topics."""
        return EntryMapping("vocabulary", Vocabulary, lambda: _files(self.root / "vocabulary"))

    @cached_property
    def redirects(self) -> Mapping[str, str]:
        """The new id of each id that was renamed, both with their folder: `circuits/<id>`."""
        path = self.root / "redirects.yaml"
        if not path.is_file():
            return {}
        return Redirects.from_data(read_yaml(path).data, str(path)).redirects

    @property
    def schema_folder(self) -> Path:
        """Where the JSON Schemas lie."""
        return self.root / "schema"

    def circuit_folder(self, circuit_id: str) -> Path:
        """The folder of a circuit."""
        return self.root / "circuits" / circuit_id

    def notebook_path(self, name: str) -> Path:
        """The source of a notebook."""
        return self.root / "notebooks" / f"{name}.ipynb"

    def prompts_path(self, circuit: Circuit) -> Path:
        """The file of a circuit's prompts."""
        return self.circuit_folder(circuit.id) / circuit.prompts.file

    def prompts(self, circuit: Circuit | str) -> tuple[PromptRow, ...]:
        """A circuit's prompts, in the order of the file; raises SchemaError for a broken row."""
        if isinstance(circuit, str):
            circuit = self.circuits.find(circuit)
        path = self.prompts_path(circuit)
        rows = []
        for line in read_lines(path):
            if isinstance(line, Problem):
                raise UnreadableFile(line)
            rows.append(PromptRow.from_data(line.data, f"{path}:{line.line}"))
        return tuple(rows)

    def graph_path(self, circuit: Circuit | str) -> Path:
        """The accepted graph of a circuit."""
        circuit_id = circuit if isinstance(circuit, str) else circuit.id
        return self.circuit_folder(circuit_id) / "graph.npz"

    @property
    def accepting(self) -> Path:
        """The lock of those who replace baselines: a graph and its result belong together."""
        return beside(self.root / "circuits")

    def baseline(self, entry: Circuit | Feature) -> Path:
        """The accepted measurements of an entry; the file need not exist yet."""
        if isinstance(entry, Feature):
            return self.root / entry.feature_id.reproduction_path
        return self.circuit_folder(entry.id) / "reproduction.json"


def _folders(folder: Path) -> dict[str, Path]:
    found = folder.glob("*/circuit.yaml")
    return {path.parent.name: path for path in sorted(found) if is_slug(path.parent.name)}


def _files(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.yaml")) if is_slug(path.stem)}


def _features(folder: Path) -> dict[str, Path]:
    """Features in the order of their numbers, so that layer 10 comes after layer 9."""
    found = {}
    for path in folder.glob("*/*/*.yaml"):
        try:
            identity = FeatureId.parse(path.relative_to(folder).with_suffix("").as_posix())
        except SchemaError:
            continue  # `atlas check` reports the misplaced file
        found[identity] = path
    return {str(identity): found[identity] for identity in sorted(found)}
