"""Files that a dictionary's config names: beside it, or on the hub as hf://owner/name/path."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlparse

from atlas.errors import ModelUnavailable, UnknownFormat


def named_file(folder: Path, name: str) -> Path:
    """The file on this machine: in the folder, or of the hub, whose local cache is asked first.

    A hub file is `hf://owner/name/path`, with `?revision=` or for the newest.

    Raises:
        UnknownFormat: neither a relative path that stays in the folder nor a hub file.
        ModelUnavailable: the file is not there, or not in the cache without network.
    """
    if not name.startswith("hf://"):
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise UnknownFormat(str(folder / "config.yaml"), "paths inside the folder", name)
        return path
    parsed = urlparse(name)
    owner, (repository, _, inside) = parsed.netloc, parsed.path.lstrip("/").partition("/")
    revision = parse_qs(parsed.query).get("revision", [None])[0]
    if not (owner and repository and inside):
        raise UnknownFormat(str(folder / "config.yaml"), "hf://owner/name/path", name)
    return _downloaded(f"{owner}/{repository}", inside, revision)


def _downloaded(repository: str, inside: str, revision: str | None) -> Path:
    # Only hub files need the hub's client.
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(repository, inside, revision=revision))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, ValueError) as error:
        raise ModelUnavailable(
            f"hf://{repository}/{inside}",
            "a file on the hub or in its local cache",
            type(error).__name__,
            "download it once with network",
        ) from error
