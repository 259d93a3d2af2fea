"""All behaviours of the small language, in the order of the tables."""

from __future__ import annotations

from microworld.behaviours import (
    addition,
    agreement,
    antonyms,
    brackets,
    facts,
    indirect_object,
    induction,
    mentions,
    nested_groups,
    pronouns,
    refusal,
    sports,
    successors,
    two_hop,
    unknown,
    years,
)
from microworld.document import Behaviour

_ALL = (
    agreement.BEHAVIOUR,
    brackets.BRACKET,
    brackets.QUOTE,
    pronouns.BEHAVIOUR,
    induction.BEHAVIOUR,
    indirect_object.BEHAVIOUR,
    facts.BEHAVIOUR,
    two_hop.BEHAVIOUR,
    sports.BEHAVIOUR,
    antonyms.ANTONYM,
    antonyms.TRANSLATE,
    years.BEHAVIOUR,
    addition.BEHAVIOUR,
    successors.BEHAVIOUR,
    refusal.BEHAVIOUR,
    unknown.BEHAVIOUR,
    mentions.BEHAVIOUR,
    nested_groups.BEHAVIOUR,
)
BEHAVIOURS: dict[str, Behaviour] = {behaviour.id: behaviour for behaviour in _ALL}
ASKING: tuple[str, ...] = tuple(behaviour.id for behaviour in _ALL if behaviour.target is not None)
