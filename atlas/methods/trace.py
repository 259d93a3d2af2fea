"""The graph of a prompt, exact or approximate as its dictionary allows."""

from __future__ import annotations

from atlas.errors import ModelError
from atlas.graphs.graph import AttributionGraph
from atlas.methods.attribute import AttributionSettings, Progress, attribute
from atlas.methods.attribute_saes import attribute_saes
from atlas.methods.attribution.freeze_prompt import Prompt
from atlas.methods.sae_attribution.settings import SaeAttributionSettings
from atlas.models.dictionaries import Dictionary, SparseAutoencoderSet
from atlas.models.language_model import LanguageModel

TraceSettings = AttributionSettings | SaeAttributionSettings


def trace(
    model: LanguageModel,
    dictionary: Dictionary,
    prompt: Prompt,
    settings: TraceSettings,
    progress: Progress | None = None,
) -> AttributionGraph:
    """The graph that the settings describe; errors as `attribute` and `attribute_saes`.

    Raises:
        ModelError: settings for autoencoders with a dictionary of another kind, or the reverse.
    """
    if isinstance(settings, AttributionSettings):
        return attribute(model, dictionary, prompt, settings, progress)
    if not isinstance(dictionary, SparseAutoencoderSet):
        raise ModelError(
            f"dictionary {dictionary.name}",
            "sparse autoencoders, as the settings say",
            type(dictionary).__name__,
            "give AttributionSettings",
        )
    return attribute_saes(model, dictionary, prompt, settings, progress)
