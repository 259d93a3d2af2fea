"""What the history of a library tells: ids that once existed, and entries that a change touches."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from atlas.entries.ids import FeatureId, is_slug
from atlas.entries.library import Library
from atlas.entries.problems import Problem
from atlas.entries.redirects import Redirects
from atlas.entries.rules.resource_rules import is_live
from atlas.entries.text import quoted
from atlas.entries.yaml_source import read_yaml
from atlas.errors import BadInput, SchemaError

FOLDERS = ("circuits", "features", "models", "resources")


def has_history(library: Library) -> bool:
    """Whether the library lies in a git repository whose whole history is there."""
    try:
        return _git(library, "rev-parse", "--is-shallow-repository").strip() == "false"
    except BadInput:
        return False


def lost_ids(library: Library) -> list[Problem]:
    """A problem for each id that once existed and leads nowhere now.

    An entry is deprecated and stays, or is renamed with a redirect; it is never deleted. Ids that
    were dropped before anything was published stand in redirects.yaml by name.

    Raises:
        BadInput: there is no git, or no history; see `has_history`.
    """
    deleted = _git(
        library, "log", "--diff-filter=D", "--no-renames", "--name-only", "--format=", "-z",
        "--relative", "--", *FOLDERS,
    )  # fmt: skip
    committed = _git(library, "ls-tree", "-r", "-z", "--name-only", "HEAD", "--", *FOLDERS)
    places = {_place(name) for name in (deleted + committed).split("\0")} - {""}
    excused = {*library.redirects, *_never_published(library)}
    return [
        _problem(place)
        for place in sorted(places)
        if place not in excused and not is_live(library, place)
    ]


def _problem(place: str) -> Problem:
    expected = "an entry or a redirect for every id that was ever used"
    action = "bring the entry back with lifecycle: deprecated, or say what it is called now"
    return Problem(
        "redirects.yaml", 1, 1, "E704", "redirects", expected, f"no {quoted(place)}", action
    )


def _never_published(library: Library) -> tuple[str, ...]:
    path = library.root / "redirects.yaml"
    if not path.is_file():
        return ()
    return Redirects.from_data(read_yaml(path).data, str(path)).never_published


def touched_since(library: Library, base: str) -> Iterator[str]:
    """The circuits and features, as `circuits/<id>`, whose files differ from those of `base`.

    `base` is a commit or branch; what it got after this branch left it does not count.

    Raises:
        BadInput: there is no git, or no such commit.
    """
    _git(library, "rev-parse", "--quiet", "--verify", "--end-of-options", f"{base}^{{commit}}")
    named = _git(
        library, "diff", "--name-only", "--no-renames", "-z", "--relative",
        "--end-of-options", f"{base}...HEAD", "--", "circuits", "features",
    )  # fmt: skip
    yield from sorted({_place(name, beside=True) for name in named.split("\0")} - {""})


def _place(name: str, beside: bool = False) -> str:
    """The id, with its folder, of the entry whose file this is; empty for any other file.

    With `beside`, also for what lies beside a circuit's or feature's YAML.
    """
    path = PurePosixPath(name)
    words = path.parts
    if len(words) == 3 and words[0] == "circuits" and is_slug(words[1]):
        return f"circuits/{words[1]}" if beside or words[2] == "circuit.yaml" else ""
    if len(words) == 2 and words[0] in ("models", "resources") and path.suffix == ".yaml":
        return f"{words[0]}/{path.stem}" if is_slug(path.stem) else ""
    if len(words) == 4 and words[0] == "features" and (beside or path.suffix == ".yaml"):
        stem = path.name.removesuffix(".reproduction.json").removesuffix(".yaml")
        try:
            return f"features/{FeatureId.parse('/'.join((*words[1:3], stem)))}"
        except SchemaError:
            return ""
    return ""


def _git(library: Library, *words: str) -> str:
    where = f"git {words[0]}"
    try:
        done = subprocess.run(  # noqa: S603  git, with words of our own and a commit that is named
            ["git", "-C", str(Path(library.root)), *words],
            capture_output=True,
            text=True,
            check=True,
        )
    except FileNotFoundError:
        raise BadInput(where, "the program git", "no such program", "install git") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["no reason given"]
        raise BadInput(where, "a repository with history", lines[-1][:200], "clone it") from None
    return done.stdout
