"""A small library that passes every check, written into a folder for tests to break."""

import json
import shutil
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[2]

CIRCUIT = """\
# yaml-language-server: $schema=../../schema/circuit.schema.json
schema_version: 1
id: from-city-to-capital
title: From a city to its state to its capital
summary: >-
  The city names a state that is not in the prompt, and the state names its capital.
story: "Read the parts from left to right."
domain: reasoning
behaviour: two-hop-capital
languages: [en]
model: small
dictionary: transcoders
lifecycle: active
created: "2026-11-21"
licence: CC-BY-4.0
curators:
  - {name: Ada Example, handle: ada}
sources:
  - {resource: some-paper, relation: analogue_of, where: "section 5"}
prompts: {file: prompts.jsonl, graph: row-000}
target: answer
parts:
  - id: state
    label: the state
    role: intermediate
    position: {entity: city}
    keyed_by: state
    found_by: graphs of the discovery rows
    features: {Texas: [1-10], California: [2-20, 2-21], Georgia: []}
  - id: say-capital
    label: say a capital
    role: output
    position: last
    found_by: graphs of the discovery rows
    features: [3-30]
  - id: mover
    label: moves the state to the end
    role: mover
    position: last
    found_by: ranked by what they carry on discovery rows
    heads: ["2.1"]
edges:
  - {source: state, target: say-capital, sign: positive}
attention:
  - {head: "2.1", query: last, key: {entity: city}, foil: {index: 1}, label: looks at the city}
interventions:
  - id: drop-state
    title: Without the state
    steps:
      - {part: state, action: ablate}
  - id: swap-state
    title: With the state of another row
    partner: {differs_in: [state], same: [template]}
    steps:
      - {part: state, action: ablate}
      - {part: state, action: set_from_partner, factor: 1.0}
    generate: 2
claims:
  - id: state-matters
    statement: Without the state the capital is lost.
    kind: effect
    intervention: drop-state
    metric: probability
    of: target
    direction: decrease
    threshold: {value: 0.3, reason: a third of the answer should go}
  - id: swap-moves
    statement: With the state of another row the answer is the capital of that state.
    kind: effect
    intervention: swap-state
    metric: logit_difference
    of: partner_target
    direction: increase
    threshold: {value: 1.0, reason: clearly above noise}
    depends_on: [state-matters]
  - id: swap-stays
    statement: The foil stays where it is.
    kind: no_effect
    intervention: swap-state
    metric: generated
    of: foil
    margin: {value: 0.1, reason: less than one row in ten}
related: [another-circuit]
analogue_of: [some-paper]
notebook: {name: circuit, parameters: {}}
"""

OTHER_CIRCUIT = """\
# yaml-language-server: $schema=../../schema/circuit.schema.json
schema_version: 1
id: another-circuit
title: A circuit of a public model
summary: A draft that says nothing yet, so that other circuits have something to point to.
domain: safety
behaviour: antonym
languages: [en]
model: public
dictionary: saes
lifecycle: draft
created: "2026-11-21"
licence: CC-BY-4.0
curators: [{name: Ada Example, handle: ada}]
prompts: {file: prompts.jsonl}
target: answer
notebook: {name: circuit}
"""

FEATURE = """\
# yaml-language-server: $schema=../../../schema/feature.schema.json
schema_version: 1
model: small
dictionary: transcoders
layer: 1
index: 10
label: Texas
description: Active on cities of Texas.
lifecycle: active
created: "2026-11-21"
licence: CC-BY-4.0
curators: [{name: Ada Example, orcid: 0000-0002-1825-0097}]
sources: []
predicate: {latent: state, equals: Texas}
score: {minimum_f1: 0.9, reason: one miss in ten}
steering:
  prompts_of: from-city-to-capital
  action: scale
  factor: 0.5
  position: {entity: city}
  where: {kind: capital}
  metric: probability
  of: target
  direction: decrease
  threshold: {value: 0.1, reason: a tenth of the answer}
notebook: {name: feature}
"""

MODEL = """\
# yaml-language-server: $schema=../schema/model.schema.json
schema_version: 1
id: small
name: Small
kind: microworld
architecture: LlamaForCausalLM
parameters: 1000
layers: 4
d_model: 8
heads: 2
d_vocab: 100
context: 48
licence: CC-BY-4.0
weights: {folder: weights/model, sha256: {DIGEST}}
tokens: {file: weights/heldout_tokens.npz, sha256: {DIGEST}}
dictionaries:
  - id: transcoders
    kind: transcoder
    format: circuit_tracer
    folder: weights/transcoders
    sha256: {DIGEST}
    features: 64
    layers: [0, 1, 2, 3]
    site: mlp
resources: {gpus: 0, memory_gb: 2, minutes: 5}
languages: [en, es]
sources: []
""".replace("{DIGEST}", "a" * 64)

PUBLIC_MODEL = """\
# yaml-language-server: $schema=../schema/model.schema.json
schema_version: 1
id: public
name: Public
kind: public
architecture: GPT2LMHeadModel
parameters: 1000
layers: 2
d_model: 8
heads: 2
d_vocab: 100
context: 48
licence: MIT
weights: {hub: org/name, revision: main}
dictionaries:
  - {id: saes, kind: sae, format: saelens, hub: org/saes, revision: main, features: 8, layers: [0],
     site: resid_post}
resources: {gpus: 0, memory_gb: 2, minutes: 5}
languages: [en]
"""

RESOURCE = """\
# yaml-language-server: $schema=../schema/resource.schema.json
schema_version: 1
id: some-paper
title: A paper
kind: paper
url: https://example.org/paper
arxiv: "2211.00593"
summary: Says something about circuits.
topics: [circuit-tracing]
checked: {date: "2026-11-21", where: the page itself}
"""

OTHER_RESOURCE = """\
# yaml-language-server: $schema=../schema/resource.schema.json
schema_version: 1
id: another-paper
title: Another paper
kind: paper
url: https://example.org/another
doi: 10.1000/182
summary: Says something else about circuits.
topics: [tools]
checked: {date: "2026-11-21", where: the page itself}
"""

REDIRECTS = """\
# yaml-language-server: $schema=schema/redirects.schema.json
schema_version: 1
redirects:
  circuits/older-name: circuits/old-name
  circuits/old-name: circuits/from-city-to-capital
"""

FILES = {
    "circuits/from-city-to-capital/circuit.yaml": CIRCUIT,
    "circuits/another-circuit/circuit.yaml": OTHER_CIRCUIT,
    "circuits/another-circuit/prompts.jsonl": "",
    "features/small/transcoders/1-10.yaml": FEATURE,
    "models/small.yaml": MODEL,
    "models/public.yaml": PUBLIC_MODEL,
    "resources/some-paper.yaml": RESOURCE,
    "resources/another-paper.yaml": OTHER_RESOURCE,
    "redirects.yaml": REDIRECTS,
    "notebooks/circuit.ipynb": "{}",
    "notebooks/feature.ipynb": "{}",
    "weights/model/config.json": "{}",
    "weights/transcoders/config.json": "{}",
}

STATES = {"Texas": ("Dallas", "Austin"), "California": ("Oakland", "Sacramento"),
          "Georgia": ("Savannah", "Atlanta")}  # fmt: skip


def prompt_rows():
    """Three discovery rows and 102 test rows, three states in turn."""
    rows = []
    for number in range(105):
        state = list(STATES)[number % 3]
        city, capital = STATES[state]
        rows.append({
            "id": f"row-{number:03}", "split": "discovery" if number < 3 else "test",
            "text": f"Fact {number}: the capital of the state containing {city} is",
            "target": capital, "foil": "Boston", "template": "capital-of-state-containing",
            "entities": {"city": city, "state": state, "kind": "capital"},
        })  # fmt: skip
    return rows


def write_rows(root, rows):
    path = root / "circuits/from-city-to-capital/prompts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_library(root):
    """Write the library under `root` and give `root` back."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    write_rows(root, prompt_rows())
    shutil.copytree(REPOSITORY / "schema", root / "schema")
    shutil.copytree(REPOSITORY / "vocabulary", root / "vocabulary")
    header = json.dumps({"latents": {"state": list(STATES)}, "behaviours": []}).encode()
    np.savez(root / "weights/heldout_tokens.npz", header=np.frombuffer(header, dtype=np.uint8))
    return root
