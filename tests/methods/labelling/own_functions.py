"""Functions that a user might name with `--label-with`, good and bad."""

from tests.methods.labelling.planted_features import STRINGS

SEEN = []


def plain(examples, promoted):
    SEEN.append((examples, promoted))
    return "  words\nof mine <b onclick=x>\u202e"


def predicate(examples, promoted):
    return {"label": "five", "predicate": {"tokens": [STRINGS[5]]}}


def broken(examples, promoted):
    raise RuntimeError("no model\nhere")


answers = {
    "nothing": lambda examples, promoted: None,
    "bytes": lambda examples, promoted: b"five",
    "empty": lambda examples, promoted: " \n",
    "long": lambda examples, promoted: "x" * 301,
    "more": lambda examples, promoted: {"label": "five", "score": 1.0},
    "inside": lambda examples, promoted: {"label": ["five"]},
    "word": lambda examples, promoted: {"label": "five", "predicate": "five"},
    "unknown": lambda examples, promoted: {"label": "five", "predicate": {"tokens": ["none"]}},
    "latent": lambda examples, promoted: {"label": "five", "predicate": {"latent": [1]}},
    "raising": broken,
}
