"""The host's page for a new file that already has a text: nothing to install, nothing to copy."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from atlas.errors import BadInput

LONGEST_ADDRESS = 7500  # characters that hosts surely take; the graph explorer has the same
_REPOSITORY = re.compile(r"https://[\w.-]+/[\w./-]+")


def new_file_address(repository: str, circuit_id: str, text: str) -> str:
    """The address that opens circuits/<id>/circuit.yaml with this text in the host's editor.

    Raises BadInput where the library names no repository, or the text is too long.
    """
    if not _REPOSITORY.fullmatch(repository):
        action = "set repo_url in mkdocs.yml"
        raise BadInput("repository", "an address https://host/owner/name", repository, action)
    query = urlencode({"filename": "circuit.yaml", "value": text})
    address = f"{repository.rstrip('/')}/new/main/circuits/{circuit_id}?{query}"
    if len(address) > LONGEST_ADDRESS:
        expected = f"at most {LONGEST_ADDRESS:,} characters"
        action = "write the file with `atlas new`, without --link"
        raise BadInput("address", expected, f"{len(address):,}", action)
    return address
