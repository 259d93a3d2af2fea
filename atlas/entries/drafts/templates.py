"""The texts that drafts begin as, with comments that say how to go on; see `writing`."""

# Texts that begin with TODO are allowed in drafts only.
CIRCUIT = """\
# yaml-language-server: $schema=../../schema/circuit.schema.json
# A circuit: parts of a model that together do one thing, and claims about them that can be false.
# Check it while you write:  atlas check circuits/{id}
schema_version: 1
id: {id}
title: {title}
summary: {summary}
{story}domain: {domain}  # a term of vocabulary/domains.yaml
behaviour: {behaviour}  # a term of vocabulary/behaviours.yaml
languages: [{languages}]
model: {model}
dictionary: {dictionary}
lifecycle: draft  # active, once parts and claims are written
created: "{created}"
licence: {licence}
curators:
  - name: {name}
{identity}# What the entry draws on; add the resource first if there is none.
{sources}prompts:
  file: prompts.jsonl
  {graph}
target: answer  # answer, difference (target minus foil) or salient
# Features and heads that belong together, chosen on discovery rows only.
parts: []
#  - id: state
#    label: the state
#    role: intermediate  # a term of vocabulary/roles.yaml
#    position: {{entity: city}}  # last, any, {{entity: name}} or {{index: number}}
#    keyed_by: state  # leave out where one list of features serves all rows
#    found_by: how they were chosen
#    features: {{Texas: [2-117, 3-45]}}
edges: []
#  - {{source: state, target: say-capital, sign: positive}}
interventions: []
#  - id: swap-state
#    title: Give the state of another city
#    partner: {{differs_in: [state], same: [template]}}
#    steps:
#      - {{part: state, action: ablate}}
#      - {{part: state, action: set_from_partner, factor: 1.0}}
# Write claims, with threshold and reason, before you measure anything on test rows.
claims: []
#  - id: swap-moves-the-answer
#    statement: Giving the state of another city moves the answer to that state's capital.
#    kind: effect  # effect, no_effect (with margin) or demonstration
#    intervention: swap-state
#    metric: probability  # a term of vocabulary/metrics.yaml
#    of: partner_target  # target, foil or partner_target
#    direction: increase
#    threshold: {{value: 0.5, reason: more than half of the answers should move}}
notebook: {{name: circuit}}
"""

FEATURE = """\
# yaml-language-server: $schema=../../../schema/feature.schema.json
# A feature: one direction of a dictionary, with a label that can be tested.
# Check it while you write:  atlas check {path}
schema_version: 1
model: {model}
dictionary: {dictionary}
layer: {layer}
index: {index}
label: {label}
description: {description}
lifecycle: draft  # active, once predicate and score are written
created: "{created}"
licence: {licence}
curators:
  - name: {name}
{identity}{sources}# When it should be active: a latent of the model's token file, or tokens.
# predicate: {{latent: state, equals: Texas}}
# predicate: {{latent: subject_number, in: [plural]}}
# predicate: {{tokens: [" he", " she"]}}
# score: {{minimum_f1: 0.9, reason: the label should miss one occurrence in ten at most}}
# What changing it does on a circuit's test prompts.
# steering:
#   prompts_of: {circuit}
#   action: ablate  # ablate, scale (factor), set (value) or add (value)
#   position: last
#   metric: probability
#   of: target
#   direction: decrease
#   threshold: {{value: 0.1, reason: why this much}}
notebook: {{name: feature}}
"""
