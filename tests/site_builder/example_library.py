"""Writes a whole library of made-up entries: the fixture of the site's tests, and a preview.

`python -m tests.site_builder.example_library FOLDER [N]` writes one to look at. The first circuits
are shaped like real ones (supported, partly supported, refuted, not measured); then come hostile,
very long, nearly empty and right-to-left ones; then plain ones up to N.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from atlas.entries.library import Library
from atlas.graphs.attention_json import score_values
from atlas.graphs.scores import score
from tests.graphs.hand_scores import small_score
from tests.hostile_corpus import ARABIC, HOSTILE, MARKDOWN
from tests.site_builder.example_graph import example_graph
from tests.site_builder.example_retrained import write_retrained

REPOSITORY = Path(__file__).resolve().parents[2]
CURATOR = {"name": "Ada Example", "handle": "ada-example"}
NOTEBOOK = {"name": "circuit", "parameters": {}}


def write(path: Path, value) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".json":
        path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    else:
        path.write_text(
            yaml.safe_dump(value, allow_unicode=True, sort_keys=False), encoding="utf-8"
        )


def part(part_id, label, role, position, features, **more):
    return {
        "id": part_id,
        "label": label,
        "role": role,
        "position": position,
        "features": features,
        "found_by": "Largest influence on the answer over the discovery prompts.",
        **more,
    }


def claim(claim_id, statement, intervention, **more):
    return {
        "id": claim_id,
        "statement": statement,
        "kind": "effect",
        "intervention": intervention,
        "metric": "probability",
        "of": "target",
        "direction": "decrease",
        "threshold": {
            "value": 0.3,
            "reason": "Half of what the model gives the answer on discovery prompts.",
        },
        **more,
    }


def capitals() -> dict:
    """The best entry: everything filled in."""
    return {
        "schema_version": 1,
        "id": "microworld-states-and-capitals",
        "title": "From a city to its state to its capital",
        "summary": (
            "Asked for the capital of the state that contains a city, the "
            "model first finds the state at the city’s token, moves it to "
            "the end of the prompt, and there looks up the capital."
        ),
        "story": (
            "The circuit has **three steps**. At the city’s token, "
            "features of layer 1 and 2 stand for its *state*.\n\n1. The "
            "state is read at the last token.\n2. Features of layer 4 look "
            "up its capital.\n\nSwapping the state’s features for those of "
            "another prompt swaps the answer; see [the plural "
            "subject](feature:microworld/transcoders/2-117)."
        ),
        "domain": "reasoning",
        "behaviour": "two-hop-capital",
        "languages": ["en"],
        "model": "microworld",
        "dictionary": "transcoders",
        "lifecycle": "active",
        "created": "2026-11-21",
        "licence": "CC-BY-4.0",
        "curators": [CURATOR],
        "sources": [
            {
                "resource": "circuit-tracer-paper",
                "relation": "analogue_of",
                "where": "section 5, figure 7",
            }
        ],
        "prompts": {"file": "prompts.jsonl", "graph": "two-hop-0"},
        "target": "answer",
        "attention": [
            {
                "head": "2.5",
                "query": "last",
                "key": {"entity": "city"},
                "foil": {"index": 1},
                "label": "looks at the city",
                "found_by": "atlas attention microworld-states-and-capitals --key city",
            },
        ],
        "parts": [
            part("city", "the city", "input", {"entity": "city"}, ["0-12", "1-40"]),
            part(
                "state",
                "the state that contains it",
                "intermediate",
                {"entity": "city"},
                {"Texas": ["2-117", "2-300"], "California": ["2-9"], "Oregon": ["2-44", "3-9"]},
                keyed_by="state",
            ),
            part("capital-of", "asked for a capital", "context", {"index": 2}, ["1-77"]),
            part(
                "say-capital",
                "say the state’s capital",
                "output",
                "last",
                ["4-81", "5-3"],
                heads=["2.5", "3.1"],
            ),
        ],
        "edges": [
            {"source": "city", "target": "state", "sign": "positive"},
            {"source": "state", "target": "say-capital", "sign": "positive"},
            {"source": "capital-of", "target": "say-capital", "sign": "positive"},
            {"source": "city", "target": "say-capital", "sign": "negative"},
        ],
        "interventions": [
            {
                "id": "off",
                "title": "Switch the state off",
                "steps": [{"part": "state", "action": "ablate"}],
            },
            {
                "id": "swap",
                "title": "Swap the state for another prompt’s",
                "partner": {"differs_in": ["state"], "same": ["template"]},
                "steps": [
                    {"part": "state", "action": "ablate"},
                    {"part": "state", "action": "set_from_partner", "factor": 1.0},
                ],
            },
            {
                "id": "context-off",
                "title": "Switch off “asked for a capital”",
                "steps": [{"part": "capital-of", "action": "scale", "factor": 0.5}],
            },
        ],
        "claims": [
            claim(
                "state-is-needed",
                "Without the state’s features the model no longer names the right capital.",
                "off",
            ),
            claim(
                "swap-moves-the-answer",
                "With the features of another state, the model names that state’s capital instead.",
                "swap",
                of="partner_target",
                direction="increase",
                threshold={"value": 0.5, "reason": "More likely than not."},
                depends_on=["state-is-needed"],
            ),
            claim(
                "context-matters",
                "Halving “asked for a capital” changes the logit difference by more than one.",
                "context-off",
                metric="logit_difference",
                threshold={
                    "value": 1.0,
                    "reason": "The smallest difference that flips an answer on discovery prompts.",
                },
            ),
            {
                "id": "city-stays",
                "statement": (
                    "Halving “asked for a capital” does not change how likely the "
                    "city’s own name is."
                ),
                "kind": "no_effect",
                "intervention": "context-off",
                "metric": "probability",
                "of": "foil",
                "margin": {"value": 0.05, "reason": "One prompt in twenty."},
            },
        ],
        "notebook": NOTEBOOK,
        "related": ["microworld-changing-languages"],
        "analogue_of": ["circuit-tracer-paper"],
    }


def second(base: dict, entry_id: str, **changes) -> dict:
    """A variant of another entry."""
    return {**base, "id": entry_id, "related": [], "analogue_of": [], **changes}


def measurement(claim_entry: dict, effect: float, seed: int, **more) -> dict:
    """A made-up measurement with 50 control draws."""
    rng = np.random.default_rng(seed)
    logits = claim_entry["metric"] == "logit_difference"
    scale = 4.0 if logits else 1.0
    draws = (rng.normal(0.01, 0.02, 50) * scale).round(4).tolist()
    before = 3.1 if logits else 0.93
    if claim_entry.get("direction") == "increase":
        before = 0.004
    sign = 1 if claim_entry.get("direction") == "increase" else -1
    control = {
        "kind": "matched",
        "draws": draws,
        "median": float(np.median(draws)),
        "p_value": 1 / 51,
        "difference_interval": [effect - 0.05, effect + 0.03],
        "exhaustive": False,
    }
    swap = claim_entry["of"] == "partner_target"
    return {
        "claim": claim_entry["id"],
        "metric": claim_entry["metric"],
        "of": claim_entry["of"],
        "unit": "logits" if logits else "probability",
        "n": 240,
        "before": before,
        "after": before + sign * effect,
        "value": effect,
        "interval": [effect - 0.04 * scale, effect + 0.03 * scale],
        "control": control,
        "wrong_target": {**control, "kind": "wrong_target"} if swap else None,
        "mode": "iterative",
        "seed": 0,
        "dtype": "float32",
        "device": "cpu",
        "matched_rows": 240,
        "unmatched_rows": 12,
        "entity": "city",
        "entities": 60,
        "templates": 4,
        **more,
    }


def provenance() -> dict:
    """Made-up digests and versions."""
    return {
        "entry_digest": "a" * 64,
        "prompts_digest": "b" * 64,
        "notebook_digest": "c" * 64,
        "code_digest": "d" * 64,
        "weights_digest": "e" * 64,
        "versions": {
            "python": "3.11.15",
            "torch": "2.13.0",
            "transformer-lens": "3.9.0",
            "numpy": "2.4.6",
        },
        "seed": 0,
        "dtype": "float32",
        "device": "cpu",
        "run": {"started": "2026-11-21T03:04:05+00:00", "seconds": 41.2, "host": "example"},
    }


def prompt_rows(entry_id: str, count: int = 8) -> list[dict]:
    """Some prompts of both splits."""
    cities = [
        ("Dallas", "Texas", "Austin"),
        ("Oakland", "California", "Sacramento"),
        ("Eugene", "Oregon", "Salem"),
    ]
    rows = []
    for number in range(count):
        city, state, capital = cities[number % 3]
        rows.append(
            {
                "id": f"two-hop-{number}",
                "split": "discovery" if number < count // 2 else "test",
                "text": f"The capital of the state containing {city} is",
                "target": f" {capital}",
                "foil": f" {cities[(number + 1) % 3][2]}",
                "template": f"template-{number % 2}",
                "entities": {"city": city, "state": state},
            }
        )
    return rows


def write_circuit(
    root: Path, entry: dict, effects: list[float | None], graph: bool = True, extra: int = 60
) -> None:
    """Write one circuit with its prompts, its graph and its accepted measurements."""
    folder = root / "circuits" / entry["id"]
    write(folder / "circuit.yaml", entry)
    rows = [json.dumps(row, ensure_ascii=False) for row in prompt_rows(entry["id"])]
    (folder / "prompts.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    made = None
    if graph:
        tokens = ["<bos>", "The", "capital", "of", "the", "state", "containing", "Dallas", "is"]
        planted = [
            (0, 7, 12),
            (1, 7, 40),
            (2, 7, 117),
            (2, 7, 300),
            (1, 2, 77),
            (4, 8, 81),
            (5, 8, 3),
        ]
        links = {
            (0, 1): 1.2,
            (1, 2): 2.0,
            (0, 3): 1.0,
            (2, 5): 1.6,
            (3, 5): 0.7,
            (4, 5): 0.8,
            (5, 6): 1.5,
            (5, 7): 2.0,
            (6, 7): 1.8,
        }
        answers = [("Austin", 0.93), ("Sacramento", 0.02), ("Houston", 0.015), ("Salem", 0.01)]
        made = example_graph(
            tokens,
            planted,
            links,
            answers,
            seed=len(entry["id"]),
            extra=extra,
            noise=0.06 if extra < 100 else 0.2,
        )
        made.save(folder / "graph.npz")
    measured = [
        measurement(claim_entry, effect, seed)
        for seed, (claim_entry, effect) in enumerate(
            zip(entry.get("claims", []), effects, strict=False)
        )
        if effect is not None
    ]
    if measured:
        result = {
            "schema_version": 1,
            "entry": entry["id"],
            "kind": "circuit",
            "measurements": measured,
            "provenance": provenance(),
        }
        if entry.get("attention"):
            result["attention"] = [example_score(view) for view in entry["attention"]]
        if made is not None:
            result["graph"] = {
                "file": "graph.npz",
                "sha256": "f" * 64,
                "row": "two-hop-0",
                "scores": vars(score(made)),
                "nodes": len(made.nodes),
                "edges": int(made.rows.nnz),
            }
        write(folder / "reproduction.json", result)


def example_score(view: dict) -> dict:
    """A made-up attention score of the head that an entry names."""
    layer, head = map(int, view["head"].split("."))
    score = small_score(foil=0 if "foil" in view else None)
    place = replace(score.place, layer=layer, head=head)
    tokens = ("<bos>", view.get("label", "The")[:40], "capital")
    return score_values(replace(score, place=place, tokens=tokens))


def example(rng, words: list[str], peak: int, value: float) -> dict:
    """A made-up stretch of tokens with activations."""
    activations = np.zeros(len(words))
    activations[peak] = value
    if peak + 1 < len(words):
        activations[peak + 1] = value * float(rng.uniform(0, 0.5))
    return {
        "sequence": int(rng.integers(1000)),
        "tokens": words,
        "activations": activations.round(3).tolist(),
        "peak": peak,
    }


def dashboard(layer: int, index: int, seed: int, nasty: str = "") -> dict:
    """A made-up dashboard."""
    rng = np.random.default_rng(seed)
    words = [
        "<bos>",
        "The",
        "capital",
        "of",
        "the",
        "state",
        "containing",
        "Dallas",
        "is",
        "Austin",
        ".",
    ]
    if nasty:
        words[3] = nasty
    top = [example(rng, words, 7, 6.2 - 0.3 * number) for number in range(8)]
    counts = np.histogram(rng.gamma(2.0, 1.0, 4000), bins=24, range=(0, 7))[0].tolist()
    effects = [
        {"token": f" {name}", "logit": 2.6 / (place + 1)}
        for place, name in enumerate(["Austin", "Texas", "Houston", "Dallas", nasty or "Waco"])
    ]
    return {
        "schema_version": 1,
        "model": "microworld",
        "dictionary": "transcoders",
        "layer": layer,
        "index": index,
        "density": {
            "share": 0.0222,
            "active": 4000,
            "tokens": 180_000,
            "low": 0.0215,
            "high": 0.0229,
        },
        "maximum": 6.2,
        "histogram": {"edges": np.linspace(0, 7, 25).round(3).tolist(), "counts": counts},
        "top": top,
        "bands": [],
        "promoted": effects,
        "suppressed": [{"token": each["token"], "logit": -each["logit"]} for each in effects],
        "similar": [],
        "counter": {
            "predicate": {"latent": "state", "equals": "Texas"},
            "threshold": 0.8,
            "silent": 3,
            "false": 14,
            "silent_examples": top[:1],
            "false_examples": top[1:3],
        },
    }


def write_feature(root: Path, layer: int, index: int, label: str, f1: float | None, **more) -> None:
    """Write one feature, measured if it has a score."""
    entry = {
        "schema_version": 1,
        "model": "microworld",
        "dictionary": "transcoders",
        "layer": layer,
        "index": index,
        "label": label,
        "description": "Active at a city’s token where the city lies in Texas.",
        "lifecycle": "active",
        "created": "2026-11-20",
        "licence": "CC-BY-4.0",
        "curators": [CURATOR],
        "sources": [],
        "predicate": {"latent": "state", "equals": "Texas"},
        "score": {"minimum_f1": 0.9, "reason": "What a feature must reach to be used as a name."},
        "steering": {
            "prompts_of": "microworld-states-and-capitals",
            "action": "ablate",
            "position": "last",
            "where": {"state": "Texas"},
            "metric": "probability",
            "of": "target",
            "direction": "decrease",
            "threshold": {"value": 0.1, "reason": "A tenth of what is there."},
        },
        "notebook": {"name": "feature", "parameters": {}},
        **more,
    }
    folder = root / "features" / "microworld" / "transcoders"
    write(folder / f"{layer}-{index}.yaml", entry)
    if f1 is None:
        return
    steering = {"id": "steering", "metric": "probability", "of": "target", "direction": "decrease"}
    result = {
        "schema_version": 1,
        "entry": f"microworld/transcoders/{layer}-{index}",
        "kind": "feature",
        "measurements": [measurement(steering, 0.41, index)],
        "provenance": provenance(),
        "feature": {
            "score": {
                "threshold": 0.8,
                "precision": 0.97,
                "recall": 0.95,
                "f1": f1,
                "control_f1": 0.03,
            },
            "dashboard": dashboard(layer, index, index, HOSTILE if "onerror" in label else ""),
        },
    }
    write(folder / f"{layer}-{index}.reproduction.json", result)


def model(model_id: str, name: str, kind: str, **more) -> dict:
    """A model's entry."""
    return {
        "schema_version": 1,
        "id": model_id,
        "name": name,
        "kind": kind,
        "architecture": "LlamaForCausalLM",
        "parameters": 3_912_704,
        "layers": 6,
        "d_model": 192,
        "heads": 6,
        "d_vocab": 2048,
        "context": 64,
        "licence": "MIT",
        "weights": {"folder": "microworld/weights/model", "sha256": "a" * 64},
        "dictionaries": [
            {
                "id": "transcoders",
                "kind": "transcoder",
                "format": "circuit_tracer",
                "folder": "microworld/weights/transcoders",
                "sha256": "b" * 64,
                "features": 1024,
                "layers": [0, 1, 2, 3, 4, 5],
                "site": "mlp",
            }
        ],
        "resources": {"gpus": 0, "memory_gb": 2, "minutes": 5},
        "languages": ["en", "fr", "es"],
        "sources": [],
        **more,
    }


REPORT = {
    "tables": [
        {
            "title": "Accuracy per behaviour",
            "columns": ["Behaviour", "Held out", "Model", "4-gram baseline", "All MLPs replaced"],
            "rows": [
                ["two-hop capital", "cities seen only in one-hop facts", 0.981, 0.012, 0.979],
                ["subject–verb agreement", "deeper nesting", 0.994, 0.52, 0.991],
                ["two-digit addition", "operand pairs", 0.972, 0.04, 0.61],
            ],
            "note": "Share of prompts whose most likely next token is right.",
        },
        {
            "title": "Transcoders",
            "columns": ["Layer", "L0 per token", "Unexplained variance"],
            "rows": [[0, 15.9, 0.0011], [1, 15.7, 0.002], [2, 16.0, 0.0041]],
        },
        {
            "title": HOSTILE,
            "columns": [HOSTILE, "x"],
            "rows": [[HOSTILE, None], {"a": ARABIC, "b": 3}],
            "note": MARKDOWN,
        },
    ]
}


def write_library(root: Path, circuits: int = 12, nasty: bool = True) -> Path:
    """Write a library of that many circuits (at least 12) and give its root."""
    for name in ("schema", "vocabulary", "resources"):
        shutil.copytree(REPOSITORY / name, root / name)
    write(
        root / "redirects.yaml",
        {
            "schema_version": 1,
            "redirects": {"circuits/an-old-name": "circuits/microworld-states-and-capitals"},
        },
    )
    write(
        root / "models" / "microworld.yaml",
        model(
            "microworld",
            "Microworld",
            "microworld",
            report="microworld/report.json",
            summary=(
                "A six-layer model trained on a small language whose generator knows every latent."
            ),
        ),
    )
    write(
        root / "models" / "gpt2-small.yaml",
        model(
            "gpt2-small",
            "GPT-2 small",
            "public",
            parameters=124_439_808,
            layers=12,
            d_model=768,
            weights={
                "hub": "openai-community/gpt2",
                "revision": "607a30d783dfa663caf39e06633721c8d4cfcd7e",
            },
        ),
    )
    write(root / "microworld" / "report.json", REPORT)
    base = capitals()
    write_circuit(root, base, [0.88, 0.81, 1.7, 0.004])
    write_circuit(
        root,
        second(
            base,
            "microworld-changing-languages",
            title="One feature decides the language of the answer",
            domain="crossing-languages",
            behaviour="language-switching",
            created="2026-11-20",
            languages=["en", "fr", "es"],
        ),
        [0.62, 0.2, 2.2, 0.01],
        extra=240,
    )
    write_circuit(
        root,
        second(
            base,
            "microworld-a-plausible-story",
            title="The verb agrees by counting nouns: a plausible story that fails",
            domain="language-structure",
            behaviour="subject-verb-agreement",
            created="2026-11-19",
        ),
        [0.02, 0.01, 0.05, 0.2],
    )
    write_circuit(
        root,
        second(
            base,
            "gpt2-induction",
            title="Induction in GPT-2 small",
            model="gpt2-small",
            domain="language-structure",
            behaviour="induction",
            created="2026-11-18",
        ),
        [],
        graph=False,
    )
    write_circuit(
        root,
        second(
            base,
            "microworld-draft",
            title="A draft about refusal",
            domain="safety",
            behaviour="harmful-request-refusal",
            lifecycle="draft",
        ),
        [0.31, None, None, None],
    )
    write_circuit(
        root,
        second(
            base,
            "microworld-old",
            title="An older reading of the capitals",
            lifecycle="deprecated",
            superseded_by="microworld-states-and-capitals",
            reason="Its parts were too coarse.",
        ),
        [0.5, 0.55, 0.9, 0.0],
    )
    written = 6
    if nasty:
        written += write_nasty(root, base)
    for number in range(written, circuits):
        domain = ("reasoning", "safety", "language-structure", "knowledge-retrieval")[number % 4]
        write_circuit(
            root,
            second(
                base,
                f"circuit-{number:04d}",
                title=f"Example circuit number {number}",
                domain=domain,
                created=f"2026-10-{number % 28 + 1:02d}",
            ),
            [0.5 + (number % 7) / 20] * 4,
            graph=number < 40,
        )
    write_feature(root, 2, 117, "A city in Texas", 0.962)
    write_feature(root, 4, 81, "Say a capital", 0.71, description="")
    write_feature(root, 1, 40, "Dallas", None)
    if nasty:
        write_feature(
            root,
            0,
            12,
            HOSTILE,
            0.93,
            description=MARKDOWN,
            predicate={"tokens": [HOSTILE, ARABIC]},
        )
        write_feature(root, 5, 3, ARABIC, 0.95, description=ARABIC)
    for number in range(max(0, circuits // 4 - 5)):
        write_feature(
            root, number % 6, 500 + number, f"Example feature {number}", 0.8 + (number % 20) / 100
        )
    claims = capitals()["claims"]
    measured = [
        measurement(each, 3.0 if each["metric"] == "logit_difference" else 0.6, seed)
        for seed, each in enumerate(claims)
    ]
    write_retrained(Library.open(root), measured)
    return root


def write_nasty(root: Path, base: dict) -> int:
    """Circuits whose fields are hostile, very long, nearly empty, or right-to-left."""
    hostile = json.loads(json.dumps(base))
    hostile |= {
        "id": "hostile",
        "title": HOSTILE,
        "summary": HOSTILE + MARKDOWN,
        "story": HOSTILE + MARKDOWN,
        "related": [],
        "licence": HOSTILE,
        "curators": [{"name": HOSTILE, "orcid": "0000-0000-0000-0000"}],
        "languages": [HOSTILE],
        "sources": [
            {"resource": "circuit-tracer-paper", "relation": "describes", "where": HOSTILE}
        ],
    }
    for group in ("parts", "interventions", "claims"):
        for entry in hostile[group]:
            for field in ("label", "found_by", "title", "statement"):
                if field in entry:
                    entry[field] = HOSTILE + MARKDOWN
            if "threshold" in entry:
                entry["threshold"]["reason"] = HOSTILE
    write_circuit(root, hostile, [0.5, 0.5, 1.5, 0.0])
    long = second(
        base, "long", title="Long " * 60, summary="word " * 118, story="Paragraph.\n\n" * 80
    )
    long["parts"] = [
        {**each, "label": "a very long label " * 20, "found_by": "reason " * 200}
        for each in base["parts"]
    ]
    write_circuit(root, long, [0.9, 0.9, 2.0, 0.0])
    empty = {
        key: base[key]
        for key in (
            "schema_version",
            "domain",
            "behaviour",
            "languages",
            "model",
            "dictionary",
            "lifecycle",
            "created",
            "licence",
            "curators",
            "prompts",
            "target",
            "notebook",
        )
    }
    write_circuit(
        root,
        {
            **empty,
            "id": "empty",
            "title": "x",
            "summary": "Nothing is known of this one yet, so that every section is empty.",
        },
        [],
        graph=False,
    )
    arabic = second(
        base, "right-to-left", title=ARABIC, summary=ARABIC * 4, story=ARABIC, languages=["ar"]
    )
    arabic["parts"] = [{**each, "label": ARABIC} for each in base["parts"]]
    write_circuit(root, arabic, [0.9, 0.6, 2.0, 0.0])
    return 4


if __name__ == "__main__":
    target = Path(sys.argv[1])
    shutil.rmtree(target, ignore_errors=True)
    print(write_library(target, int(sys.argv[2]) if len(sys.argv) > 2 else 12))
