"""Two-hop facts: from a city through its state to the state's capital, abbreviation or region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from microworld.cloze import Cloze, ClozeTable, others
from microworld.document import Behaviour, Split
from microworld.heldout import is_held_out
from microworld.lexicon.states import REGIONS, STATES, State

Templates = Mapping[str, tuple[str, ...]]

CAPITAL: Templates = {
    "en": (
        "Fact : the capital of the state containing {} is",
        "The capital city of the state that contains {} is",
        "The state with the city of {} has its capital in",
        "{} is in a state whose capital is",
        "Q : what is the capital of the state containing {} ? A :",
        "People in {} know that their state capital is",
    ),
    "es": (
        "Hecho : la capital del estado que contiene {} es",
        "La capital del estado de la ciudad de {} es",
    ),
    "fr": (
        "Fait : la capitale du même état que {} est",
        "La capitale du grand état de la ville de {} est",
    ),
}
ABBREVIATION: Templates = {
    "en": (
        "Fact : the abbreviation of the state containing {} is",
        "The state with the city of {} has the abbreviation",
    ),
    "es": ("La abreviatura del estado que contiene {} es",),
    "fr": ("Le sigle du même état que {} est",),
}
REGION: Templates = {
    "en": (
        "Fact : the region of the state containing {} is the",
        "The state with the city of {} lies in the region of the",
    ),
}


def held_out_city(state: State) -> str:
    """Give the one city of a state that training knows from one-hop facts only.

    The first two cities, the best known, always stay in training.
    """
    for city in state.cities[2:]:
        if is_held_out(f"two-hop:{city}", 0.5):
            return city
    return state.cities[-1]


# Held-out city -> its capital; the two never share a training sequence (see `corpus`).
HELD_OUT_CAPITALS: dict[str, str] = {held_out_city(state): state.capital for state in STATES}


def _clozes() -> Iterator[Cloze]:
    for state in STATES:
        for city in state.cities:
            split: Split = "test" if city in HELD_OUT_CAPITALS else "train"
            for kind, templates in (
                ("capital", CAPITAL),
                ("abbreviation", ABBREVIATION),
                ("region", REGION),
            ):
                if split == "train" or kind == "capital":
                    yield from _rows(state, city, kind, templates, split)


def _rows(
    state: State, city: str, kind: str, templates: Mapping[str, tuple[str, ...]], split: Split
) -> Iterator[Cloze]:
    answers = {
        "capital": [other.capital for other in STATES],
        "abbreviation": [other.abbreviation for other in STATES],
        "region": list(REGIONS),
    }[kind]
    answer = {"capital": state.capital, "abbreviation": state.abbreviation, "region": state.region}[
        kind
    ]
    for language, sentences in templates.items():
        for sentence in sentences:
            yield Cloze(
                behaviour="two-hop-capital", group=kind, template=sentence, language=language,
                subject=city, answer=answer, answer_kind=kind, foils=others(answers, answer),
                unit=f"two-hop:{city}", split=split, subject_latents={"state": state.name},
                final_latents={"relation": kind, f"answer_{kind}_of": state.name},
                entities={
                    "city": city, "state": state.name, "capital": state.capital,
                    "language": language, "relation": kind,
                },
            )  # fmt: skip


TABLE = ClozeTable(_clozes())
BEHAVIOUR = Behaviour(
    "two-hop-capital",
    TABLE.draw,
    TABLE.words(),
    "a city that training knows from one-hop facts only, never with its capital in one sequence",
    2.5,
    0.95,
)
