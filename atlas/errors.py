"""Every error that the atlas raises on purpose, in one tree.

AtlasError
├── EntryError            something a curator wrote
│   ├── SchemaError           a file does not have the agreed shape
│   ├── BrokenReference       it names something that is not there
│   └── WrongPlace            it lies where it cannot be found
├── GraphError            an attribution graph
│   ├── GraphFormatError      a file cannot be read as a graph
│   └── AmbiguousNode         an id stands for two nodes
├── ModelError            something with weights
│   ├── UnknownFormat         no reader knows this file
│   ├── DigestMismatch        the bytes are not those that the entry names
│   ├── ModelUnavailable      not on disk, and no hub can be reached
│   └── OutOfMemory           it would not fit; says how much is needed
├── RunError              executing an entry
│   ├── NotebookFailed        a cell raised
│   └── NotReproduced         a measurement left its tolerance
├── CannotWrite           no room or no right; what was there before is as it was
├── FolderInUse           another run holds the folder, and this one does not wait
└── BadInput              a command was given something it cannot use

A message reads "where: expected …; found …; what to do". The four parts stay available as
attributes, and every error pickles, because work crosses processes.
"""

from __future__ import annotations

import struct
import tokenize
import zipfile
import zlib

LONGEST_PART = (
    600  # characters that a message shows of where, what was expected, and what was found
)
# What a value of the wrong shape raises where it is taken apart, such as a stranger's JSON.
MISSHAPEN = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
# What a damaged or hostile archive or array raises where zipfile, gzip or numpy reads it.
DAMAGED = (
    EOFError, MemoryError, OSError, RuntimeError, SyntaxError, struct.error, tokenize.TokenError,
    zipfile.BadZipFile, zlib.error, *MISSHAPEN,
)  # fmt: skip


class AtlasError(Exception):
    """Base of all errors raised on purpose; shown as one line, never as a traceback."""

    def __init__(self, where: str, expected: str, found: str, action: str = "") -> None:
        super().__init__(where, expected, found, action)
        self.where = where
        self.expected = expected
        self.found = found
        self.action = action

    def __str__(self) -> str:
        found = f"expected {_short(self.expected)}; found {_short(self.found)}"
        message = f"{_short(self.where)}: {found}"
        if self.action:
            message = f"{message}; {self.action}"
        return " ".join(message.split())


def _short(text: str) -> str:
    """A text that may come from a stranger's file, cut in its middle to what one can read."""
    if len(text) <= LONGEST_PART:
        return text
    half = LONGEST_PART // 2
    return f"{text[:half]} … {text[-half:]}"


class EntryError(AtlasError):
    """Something that a curator wrote is wrong."""


class SchemaError(EntryError):
    """A file does not have the agreed shape."""


class BrokenReference(EntryError):
    """An entry names something that does not exist."""


class WrongPlace(EntryError):
    """A file lies where it cannot be found by its id."""


class GraphError(AtlasError):
    """An attribution graph is wrong."""


class GraphFormatError(GraphError):
    """A file cannot be read as an attribution graph."""


class AmbiguousNode(GraphError):
    """One id stands for two nodes."""


class ModelError(AtlasError):
    """A model or a dictionary cannot be used."""


class UnknownFormat(ModelError):
    """No reader knows this file."""


class DigestMismatch(ModelError):
    """The bytes on disk are not those that the entry names."""


class ModelUnavailable(ModelError):
    """The weights are not on disk and no hub can be reached."""


class OutOfMemory(ModelError):
    """The run would not fit; the message says how much is needed."""


class RunError(AtlasError):
    """An entry could not be executed."""


class NotebookFailed(RunError):
    """A notebook cell raised an error."""

    cell: int = -1  # number of the cell from 0, -1 where no single cell is to blame
    source: str = ""  # the cell's source
    last_line: str = ""  # of its traceback


class NotReproduced(RunError):
    """A measurement left its tolerance."""


class CannotWrite(AtlasError):
    """The system refuses to write: no room, no right, or a read-only place."""


class FolderInUse(AtlasError):
    """Another run holds the folder that this one would write to, and this one does not wait."""


class BadInput(AtlasError):
    """A command was given something that it cannot use."""
