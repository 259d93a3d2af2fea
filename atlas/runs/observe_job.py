"""What one process does for many features: observe them in one pass, for their notebooks."""

from __future__ import annotations

import os
import time

from atlas.entries.library import Library
from atlas.runs.jobs import CACHE_VARIABLE, ObserveJob
from atlas.runs.loaded import loaded
from atlas.runs.observations import Engine, observations


def run_observe(job: ObserveJob) -> float:
    """Observe the features and keep what was seen in the cache; the seconds it took.

    Raises:
        AtlasError: as `load_model` and `observations`.
    """
    begin = time.monotonic()
    os.environ[CACHE_VARIABLE] = str(job.cache.resolve())
    library = Library.open(job.library)
    features = [library.features.find(feature_id) for feature_id in job.features]
    model, dictionary = loaded(library.root, features[0].model, features[0].dictionary)
    observations(Engine(library, model, dictionary), features)
    return time.monotonic() - begin
