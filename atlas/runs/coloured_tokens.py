"""Tokens coloured by a feature's activation, drawn by CircuitsVis.

CircuitsVis loads its scripts in the reader's browser, so this is for notebooks that somebody runs;
pages of the site draw tokens with components of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from circuitsvis.tokens import colored_tokens


def coloured_tokens(tokens: Sequence[str], activations: Sequence[float]) -> Any:
    """A display of one text, darker where the feature is more active."""
    return colored_tokens(list(tokens), list(activations))


def coloured_examples(dashboard: Mapping[str, Any], most: int = 5) -> list[Any]:
    """Displays of the strongest examples of a feature's dashboard."""
    return [
        coloured_tokens(each["tokens"], each["activations"]) for each in dashboard["top"][:most]
    ]
