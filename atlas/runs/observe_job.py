"""What one process does for many features: observe them in one pass, for their notebooks."""

from __future__ import annotations

import os
import time

from atlas.entries.library import Library
from atlas.models.bridge import BridgeSettings
from atlas.models.loading import load_dictionary, load_model
from atlas.runs.jobs import CACHE_VARIABLE, ObserveJob
from atlas.runs.observations import Engine, observations
from atlas.runs.provenance import DEVICE


def run_observe(job: ObserveJob) -> float:
    """Observe the features and keep what was seen in the cache; the seconds it took.

    Raises:
        AtlasError: as `load_model` and `observations`.
    """
    begin = time.monotonic()
    os.environ[CACHE_VARIABLE] = str(job.cache.resolve())
    library = Library.open(job.library)
    features = [library.features.find(feature_id) for feature_id in job.features]
    engine = Engine(
        library,
        load_model(library.root, features[0].model, BridgeSettings(DEVICE)),
        load_dictionary(library.root, features[0].model, features[0].dictionary),
    )
    observations(engine, features)
    return time.monotonic() - begin
