"""The entries of the planted library: a circuit whose claims are known, and a feature."""

from __future__ import annotations

CITIES = [f"w{number}" for number in range(3, 13)]
ANSWERS = [f"w{number}" for number in range(13, 23)]
FILLERS = [f"w{number}" for number in range(23, 37)]
LAYER = 2  # the last one


def rows(split: str, per_city: int) -> list[dict]:
    """Prompts "filler filler city"; the answer belongs to the city."""
    found = []
    offset = 0 if split == "test" else 7
    for number, (city, answer) in enumerate(zip(CITIES, ANSWERS, strict=True)):
        for repeat in range(per_city):
            template = (repeat + offset) % 4
            words = [FILLERS[(repeat + offset) % 14], FILLERS[template], city]
            found.append({
                "id": f"{split}-{city}-{repeat}", "split": split, "text": " ".join(words),
                "target": answer, "foil": ANSWERS[(number + 1) % len(ANSWERS)],
                "template": f"ends-{template}", "entities": {"city": city},
            })  # fmt: skip
    return found


def circuit(circuit_id: str) -> dict:
    """A circuit whose two claims hold, and one about features that do nothing."""
    keyed = {city: [f"{LAYER}-{number}"] for number, city in enumerate(CITIES)}
    idle = {city: [f"{LAYER}-{number + 20}"] for number, city in enumerate(CITIES)}
    threshold = {"value": 0.2, "reason": "more than rounding, for the sake of the example"}
    both = {"value": 2.0, "reason": "taking the own answer away alone gives half of it"}
    return {
        "schema_version": 1, "id": circuit_id, "title": "From a city to its answer",
        "summary": "A planted circuit: one feature per city writes that city's answer, for tests.",
        "domain": "knowledge-retrieval", "behaviour": "planted", "languages": ["en"],
        "model": "tiny", "dictionary": "transcoders", "lifecycle": "active",
        "created": "2026-11-21", "licence": "CC-BY-4.0",
        "curators": [{"name": "Test", "handle": "test"}],
        "prompts": {"file": "prompts.jsonl", "graph": "discovery-w3-0"}, "target": "answer",
        "parts": [
            {"id": "city", "label": "the city", "role": "input", "position": "last",
             "keyed_by": "city", "features": keyed},
            {"id": "idle", "label": "bystanders", "role": "input", "position": "last",
             "keyed_by": "city", "features": idle},
        ],
        "edges": [{"source": "city", "target": "answer", "sign": "positive"}],
        "interventions": [
            {"id": "off", "title": "The city off", "steps": [{"part": "city", "action": "ablate"}]},
            {"id": "swap", "title": "Another city",
             "partner": {"differs_in": ["city"]},
             "steps": [{"part": "city", "action": "ablate"},
                       {"part": "city", "action": "set_from_partner", "factor": 1.0}]},
            {"id": "idle-off", "title": "Bystanders off",
             "steps": [{"part": "idle", "action": "ablate"}]},
        ],
        "claims": [
            {"id": "off-lowers", "statement": "Without the city its answer falls.",
             "kind": "effect", "intervention": "off", "metric": "logit_difference",
             "of": "target", "direction": "decrease", "threshold": threshold},
            {"id": "swap-moves", "statement": "The other city brings its own answer.",
             "kind": "effect", "intervention": "swap", "metric": "logit_difference",
             "of": "partner_target", "direction": "increase", "threshold": both,
             "depends_on": ["off-lowers"]},
            {"id": "idle-lowers", "statement": "Without the bystanders the answer falls.",
             "kind": "effect", "intervention": "idle-off", "metric": "logit_difference",
             "of": "target", "direction": "decrease", "threshold": threshold},
        ],
        "notebook": {"name": "circuit"},
    }  # fmt: skip


def feature() -> dict:
    """The first city's feature, with a label that its activations bear out."""
    return {
        "schema_version": 1, "model": "tiny", "dictionary": "transcoders",
        "layer": LAYER, "index": 0, "label": "the city w3", "lifecycle": "active",
        "created": "2026-11-21", "licence": "CC-BY-4.0",
        "curators": [{"name": "Test", "handle": "test"}],
        "predicate": {"latent": "city", "equals": "w3"},
        "score": {"minimum_f1": 0.5, "reason": "better than chance"},
        "steering": {"prompts_of": "planted", "action": "set", "value": 6.0, "position": "last",
                     "metric": "logit_difference", "of": "target", "direction": "decrease",
                     "threshold": {"value": 0.2, "reason": "another answer comes in"}},
        "notebook": {"name": "feature"},
    }  # fmt: skip
