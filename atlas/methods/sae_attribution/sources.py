"""One prompt's residual stream taken apart by sparse autoencoders: features, errors and tokens."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.models.active_features import ActiveFeatures, active_features
from atlas.models.dictionaries import SparseAutoencoderSet
from atlas.models.language_model import LanguageModel, Place
from atlas.models.sites import Site

TOKENS = -1
"""In place of a layer, for what the tokens' embeddings put in."""
ADDED_SITES = (Site.MLP_WRITE, Site.MLP_OUTPUT)
"""Sites that hold a part of the stream. At all others it is the whole stream that goes on."""


@dataclass(frozen=True)
class Sources:
    """All that enters at one place: present − absent is the sum of the vectors, by position."""

    layer: int  # or TOKENS
    place: Place
    present: Float[Tensor, "position d_model"]  # as on the prompt
    absent: Float[Tensor, "position d_model"]  # without any source; zero positions stay as they are
    vectors: Float[Tensor, "source d_model"]
    position: Int[Tensor, " source"]
    columns: Int[Tensor, " source"]  # in rows of weights


@dataclass(frozen=True)
class PromptSources:
    """A prompt's sources in the order of the columns: features, errors by layer, tokens."""

    model: LanguageModel
    dictionary: SparseAutoencoderSet
    ids: Int[Tensor, " position"]
    features: ActiveFeatures
    groups: tuple[Sources, ...]  # tokens, then layers ascending
    logits: Float[Tensor, "position d_vocab"]  # after a soft cap
    final: Float[Tensor, "position d_model"]  # what the unembedding reads

    @property
    def first_error(self) -> int:
        """The column of the first error."""
        return len(self.features)

    @property
    def first_token(self) -> int:
        """The column of the first token."""
        return self.first_error + len(self.dictionary.layer_numbers) * len(self.ids)

    @property
    def intercept(self) -> int:
        """The last column: what a row has left with all sources absent."""
        return self.first_token + len(self.ids)

    @property
    def side_by_side(self) -> bool:
        """Whether the groups of several layers meet a target, each with what it adds."""
        return self.dictionary.feature_input in ADDED_SITES

    def feeding(self, layer: int) -> tuple[Sources, ...]:
        """The groups that a target of this layer is made of.

        Where the whole stream is taken apart, nothing goes past the nearest layer below. Where
        only what MLPs write is, the writes of all lower layers meet the target side by side.
        """
        lower = tuple(group for group in self.groups if group.layer < layer)
        return lower if self.side_by_side else lower[-1:]


def prompt_sources(
    model: LanguageModel, dictionary: SparseAutoencoderSet, ids: Int[Tensor, " position"]
) -> PromptSources:
    """One forward pass, taken apart.

    Raises:
        BadInput: ids that are not in the vocabulary, or longer than the context.
        ModelError: a layer or a width that the model does not have.
    """
    read = [(dictionary.feature_input, layer) for layer in dictionary.layer_numbers]
    embedding = [(Site.EMBEDDING, 0)]
    if model.has(Site.POSITION_EMBEDDING):
        embedding.append((Site.POSITION_EMBEDDING, 0))
    outcome = model.run(ids[None], read=[*read, *embedding, (Site.FINAL_NORM_OUTPUT, 0)])
    values = {place: value[0] for place, value in outcome.values.items()}
    features = active_features(dictionary, values)
    count, length = len(features), len(ids)
    layers = [
        _layer_sources(dictionary, features, values[place], (place, count + number * length))
        for number, place in enumerate(read)
    ]
    tokens = _token_sources(values, count + len(layers) * length)
    return PromptSources(
        model,
        dictionary,
        ids,
        features,
        (tokens, *layers),
        outcome.logits[0],
        values[Site.FINAL_NORM_OUTPUT, 0],
    )


def _layer_sources(
    dictionary: SparseAutoencoderSet,
    features: ActiveFeatures,
    present: Float[Tensor, "position d_model"],
    where: tuple[Place, int],
) -> Sources:
    """One layer's features and errors; `where` is its place and the column of its first error."""
    place, first_error = where
    coder, zero = dictionary.coder(place[1]), dictionary.zero_positions
    columns = (features.layer == place[1]).nonzero()[:, 0]
    position = features.position[columns]
    vectors = coder.decoder(0, features.index[columns]) * features.value[columns][:, None]
    absent = coder.b_dec.expand_as(present).clone()
    absent[:zero] = present[:zero]
    errors = (present - absent).index_add(0, position, -vectors)[zero:]
    error_position = torch.arange(zero, len(present), device=present.device)
    return Sources(
        place[1],
        place,
        present,
        absent,
        torch.cat([vectors, errors]),
        torch.cat([position, error_position]),
        torch.cat([columns, first_error + error_position]),
    )


def _token_sources(values: dict[Place, Tensor], first: int) -> Sources:
    present = values[Site.EMBEDDING, 0]
    fixed = values.get((Site.POSITION_EMBEDDING, 0), torch.zeros_like(present))
    absent = fixed.expand_as(present)
    position = torch.arange(len(present), device=present.device)
    place = (Site.EMBEDDING, 0)
    return Sources(TOKENS, place, present, absent, present - absent, position, first + position)
