"""Names of things: slugs, features, heads, and the paths that they stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Self

from atlas.entries.record import Only, TextValue
from atlas.errors import SchemaError

SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
SLUG_LENGTH = 64
PATH_LENGTH = 200
_SLUG = re.compile(SLUG_PATTERN[:-1] + r"\Z")
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*", re.ASCII)
_LAYER_FEATURE = re.compile(r"(0|[1-9][0-9]{0,3})-(0|[1-9][0-9]{0,8})", re.ASCII)
_LAYER_HEAD = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})", re.ASCII)


def is_slug(text: str) -> bool:
    """Whether the text is an id: lower-case words and digits joined by single hyphens, ≤ 64."""
    return len(text) <= SLUG_LENGTH and _SLUG.match(text) is not None


def is_file_name(text: str) -> bool:
    """Whether the text names a file of one folder, and cannot leave it."""
    return len(text) <= PATH_LENGTH and _FILE_NAME.fullmatch(text) is not None


def is_library_path(text: str) -> bool:
    """Whether the text is a relative path that stays below where it starts; "" is none."""
    return text == "" or (len(text) <= PATH_LENGTH and all(map(is_file_name, text.split("/"))))


Slug = Annotated[str, Only("lower-case words joined by hyphens", is_slug)]
FileName = Annotated[str, Only("the name of a file", is_file_name)]
LibraryPath = Annotated[str, Only("a relative path inside the library", is_library_path)]


@dataclass(frozen=True, order=True)
class LayerFeature(TextValue):
    """A feature within a known dictionary, written `<layer>-<index>`."""

    layer: int
    index: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The feature written as `2-117`; raises SchemaError for any other text."""
        match = _LAYER_FEATURE.fullmatch(text)
        if match is None:
            raise SchemaError(
                "feature id", "<layer>-<index> such as 2-117", repr(text), "write two numbers"
            )
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.layer}-{self.index}"


@dataclass(frozen=True, order=True)
class LayerHead(TextValue):
    """An attention head, written `<layer>.<head>`."""

    layer: int
    head: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The head written as `2.5`; raises SchemaError for any other text."""
        match = _LAYER_HEAD.fullmatch(text)
        if match is None:
            raise SchemaError(
                "head id", '"<layer>.<head>" such as "2.5"', repr(text), "write two numbers"
            )
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.layer}.{self.head}"


@dataclass(frozen=True, order=True)
class FeatureId(TextValue):
    """A feature of any model, written `<model>/<dictionary>/<layer>-<index>`."""

    model: str
    dictionary: str
    layer: int
    index: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The id that the text stands for; raises SchemaError for any other text."""
        words = text.split("/")
        if (
            len(words) != 3
            or not is_slug(words[0])
            or not is_slug(words[1])
            or _LAYER_FEATURE.fullmatch(words[2]) is None
        ):
            raise SchemaError(
                "feature id",
                "<model>/<dictionary>/<layer>-<index>",
                repr(text),
                "write it as in microworld/transcoders/2-117",
            )
        short = LayerFeature.parse(words[2])
        return cls(words[0], words[1], short.layer, short.index)

    @property
    def short(self) -> LayerFeature:
        """The form used within a circuit, whose dictionary is fixed."""
        return LayerFeature(self.layer, self.index)

    @property
    def path(self) -> PurePosixPath:
        """Where the feature's YAML lies, from the root of the library."""
        return PurePosixPath("features", self.model, self.dictionary, f"{self.short}.yaml")

    @property
    def reproduction_path(self) -> PurePosixPath:
        """Where the accepted baseline lies, from the root of the library."""
        return self.path.with_name(f"{self.short}.reproduction.json")

    @property
    def folder_name(self) -> str:
        """The name of the feature's folder under build/results."""
        return f"{self.model}--{self.dictionary}--{self.short}"

    def __str__(self) -> str:
        return f"{self.model}/{self.dictionary}/{self.short}"
