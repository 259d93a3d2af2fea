"""What features do on the held-out tokens: dashboard and label score, observed once.

One pass over the tokens serves any number of features. So a run over many features observes them
together first, and keeps what it saw under a digest of everything that it depends on; a notebook
finds it there, or observes its own feature.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.entries.digests import text_digest
from atlas.entries.feature import Feature, Predicate
from atlas.entries.library import Library
from atlas.errors import EntryError
from atlas.files.whole import write_whole
from atlas.methods.observation.layer_dashboards import ObserveSettings
from atlas.methods.observe import observe
from atlas.methods.score_features import predicate_score
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel
from atlas.runs.jobs import CACHE_VARIABLE
from atlas.runs.keys import Keys
from atlas.runs.provenance import SEED
from atlas.runs.results import rounded

SETTINGS = ObserveSettings(seed=SEED)


@dataclass(frozen=True)
class Engine:
    """What observing needs."""

    library: Library
    model: LanguageModel
    dictionary: Dictionary


def observations(engine: Engine, features: Sequence[Feature]) -> dict[str, dict[str, Any]]:
    """Per feature id its dashboard, and the held-out score of its label, as JSON values.

    All features belong to the engine's dictionary.

    Raises:
        EntryError: the model has no held-out tokens.
        BadInput: a predicate that cannot be judged on them.
    """
    paths = {feature.id: _path(engine.library, feature) for feature in features}
    found = {name: json.loads(path.read_text("utf-8")) for name, path in paths.items()
             if path is not None and path.is_file()}  # fmt: skip
    missing = [feature for feature in features if feature.id not in found]
    if missing:
        for name, value in _observe(engine, missing).items():
            path = paths[name]
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, json.dumps(value, ensure_ascii=False).encode())
            found[name] = value
    return found


def _observe(engine: Engine, features: Sequence[Feature]) -> dict[str, dict[str, Any]]:
    labelled = _tokens(engine.library, features[0])
    wanted = {
        (feature.layer, feature.index): predicate_data(feature.predicate) for feature in features
    }
    model, dictionary = engine.model, engine.dictionary
    seen = observe(model, dictionary, labelled, wanted, SETTINGS)
    strings = tuple(model.token_string(token) for token in range(model.d_vocab))
    found = {}
    for feature in features:
        predicate = wanted[feature.layer, feature.index]
        dashboard, activity = seen[feature.layer, feature.index]
        score = None
        if predicate is not None:
            score = asdict(
                predicate_score(
                    activity.dense(labelled.tokens.shape),
                    labelled.mask(predicate, strings),
                    labelled.defined(predicate),
                    SEED,
                )
            )
        value = {"dashboard": dashboard.to_json() | {"model": feature.model}, "score": score}
        found[feature.id] = json.loads(json.dumps(rounded(value)))
    return found


def predicate_data(predicate: Predicate | None) -> Mapping[str, Any] | None:
    """A predicate with the keys that it has in YAML, as token files understand it."""
    if predicate is None:
        return None
    if predicate.tokens:
        return {"tokens": list(predicate.tokens)}
    if predicate.equals is not None:
        return {"latent": predicate.latent, "equals": predicate.equals}
    return {"latent": predicate.latent, "in": list(predicate.one_of)}


def _tokens(library: Library, feature: Feature) -> LabelledTokens:
    reference = library.models.find(feature.model).tokens
    if reference is None:
        raise EntryError(
            f"models/{feature.model}.yaml: tokens",
            "a labelled token file, which features are observed on",
            "none",
            "add tokens: {file, sha256}",
        )
    return LabelledTokens.load(library.root / reference.file)


def _path(library: Library, feature: Feature) -> Path | None:
    """Where the observation is kept: named by all that it depends on."""
    folder = os.environ.get(CACHE_VARIABLE)
    if not folder:
        return None
    key = Keys(library).of(feature)
    parts = [feature.id, key.entry_digest, key.weights_digest, key.code_digest]
    parts += [f"{name}={version}" for name, version in sorted(key.versions.items())]
    return (
        Path(folder)
        / f"{feature.feature_id.folder_name}-{text_digest(chr(10).join(parts))[:16]}.json"
    )
