"""Approximate attribution graphs of sparse autoencoders.

Autoencoders take the residual stream apart without replacing anything, so whole layers of the
model lie between their features and no graph is exact. An edge is an estimate of what taking the
source out would change: the source's vector times the gradient of the target's number, at the
prompt (Marks et al. 2024, "Sparse Feature Circuits") or averaged along the straight path on which
all sources come in together (integrated gradients, Sundararajan et al. 2017). How far the estimates
are from the model is measured by taking sources out, and the graph carries it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from atlas.errors import ModelError
from atlas.graphs.graph import AttributionGraph
from atlas.methods.attribution.freeze_prompt import Prompt, checked_ids, prompt_text
from atlas.methods.attribution.graph_header import Origin
from atlas.methods.sae_attribution.approximation import measured_approximation
from atlas.methods.sae_attribution.graph import approximate_graph
from atlas.methods.sae_attribution.settings import SaeAttributionSettings
from atlas.methods.sae_attribution.sources import prompt_sources
from atlas.methods.sae_attribution.tracing import trace
from atlas.models.dictionaries import SparseAutoencoderSet
from atlas.models.language_model import LanguageModel

Progress = Callable[[int, int], None]
"""Called with (rows done, rows in all)."""


def attribute_saes(
    model: LanguageModel,
    dictionary: SparseAutoencoderSet,
    prompt: Prompt,
    settings: SaeAttributionSettings = SaeAttributionSettings(),  # noqa: B008  frozen, safe to share
    progress: Progress | None = None,
) -> AttributionGraph:
    """The approximate graph of a prompt, given as text or as token ids with their first token.

    Its header's `provenance.approximate` says how the edges were estimated and how far they are
    from measured effects. Layers without an autoencoder are passed through as they are.

    Raises:
        BadInput: an empty prompt, one longer than the context, ids outside the vocabulary, a
            target that is not there.
        ModelError: a dictionary with no active feature on this prompt; weights in half precision.
    """
    sources = prompt_sources(model, dictionary, torch.from_numpy(checked_ids(model, prompt)))
    if len(sources.features) == 0 and len(sources.ids) > dictionary.zero_positions:
        raise ModelError(
            f"dictionary {dictionary.name}",
            "at least one active feature on this prompt",
            "none",
            f"check that it was trained for {model.name}",
        )
    traced = trace(sources, settings, progress)
    approximation = measured_approximation(sources, traced, settings)
    return approximate_graph(
        sources, traced, Origin(prompt_text(model, prompt), settings), approximation
    )
