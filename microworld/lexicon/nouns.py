"""Nouns with their plurals, verbs, adjectives, places and things."""

from __future__ import annotations

_PLURALS = """
key keys|cabinet cabinets|dog dogs|cat cats|boy boys|girl girls|teacher teachers|doctor doctors
car cars|ship ships|book books|table tables|box boxes|house houses|tree trees|river rivers
bird birds|horse horses|king kings|queen queens|farmer farmers|singer singers|pilot pilots
artist artists|lawyer lawyers|picture pictures|garden gardens|tower towers|bridge bridges
road roads|song songs|story stories|window windows|door doors|chair chairs|lamp lamps
apple apples|flower flowers|stone stones|child children|man men|woman women|mouse mice|leaf leaves
"""

# Each element: (singular, plural).
NOUNS: tuple[tuple[str, str], ...] = tuple(
    (pair.split()[0], pair.split()[1])
    for line in _PLURALS.strip().splitlines()
    for pair in line.split("|")
)
SINGULAR: tuple[str, ...] = tuple(pair[0] for pair in NOUNS)
PLURAL: tuple[str, ...] = tuple(pair[1] for pair in NOUNS)

PREPOSITIONS: tuple[str, ...] = ("near", "behind", "beside", "with", "under", "above")
# Verbs of relative clauses: (singular, plural).
RELATIVE_VERBS: tuple[tuple[str, str], ...] = (
    ("likes", "like"), ("sees", "see"), ("knows", "know"), ("finds", "find"),
)  # fmt: skip
# First word of a sentence -> the verb that it calls for: (singular, plural, what follows).
CUES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "Now": ("is", "are", ("red", "old", "quiet", "small", "new")),
    "Yesterday": ("was", "were", ("red", "old", "quiet", "small", "new")),
    "Recently": ("has", "have", ("changed", "moved", "vanished", "returned")),
    "Often": ("seems", "seem", ("red", "old", "quiet", "small", "new")),
    "Usually": ("looks", "look", ("red", "old", "quiet", "small", "new")),
}

ACTIONS: tuple[str, ...] = (
    "run", "sing", "sleep", "jump", "swim", "dance", "wait", "laugh", "cry", "talk",
)  # fmt: skip
PLACES: tuple[str, ...] = (
    "store", "park", "school", "station", "market", "library", "beach", "office", "museum",
    "restaurant", "harbour", "theatre",
)  # fmt: skip
THINGS: tuple[str, ...] = (
    "drink", "ring", "ball", "letter", "gift", "map", "coin", "hat", "ticket", "bag", "cup", "pen",
)  # fmt: skip
EVENTS: tuple[str, ...] = (
    "siege", "trial", "journey", "reign", "strike", "festival", "project", "drought", "voyage",
    "campaign",
)  # fmt: skip
# Words that lists for the induction behaviour are drawn from.
LIST_WORDS: tuple[str, ...] = SINGULAR + THINGS + PLACES
