"""The local replacement model: one prompt's forward pass with everything nonlinear held fixed.

MLPs are replaced by a dictionary's active features plus an error that makes the sum exact;
attention patterns and norm scales stay as they were. What is left is linear in the token
embeddings, the features' activations, the errors and a few constants (Ameisen et al. 2025).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.errors import BadInput, ModelError
from atlas.models.active_features import ActiveFeatures, active_features, portions
from atlas.models.dictionaries import Dictionary, MlpDictionary
from atlas.models.frozen_attention import (
    FrozenAttention,
    Matrices,
    freeze_attention,
    matrices_of,
)
from atlas.models.frozen_mlp import FrozenMlp, freeze_mlp
from atlas.models.held_sums import check_parts, check_reached, check_sums, places_of_sums
from atlas.models.language_model import LanguageModel, Place
from atlas.models.sites import Site


@dataclass(frozen=True)
class ErrorParts:
    """Errors split by expert, in as many slots as a layer has chosen experts at most."""

    WHOLE: ClassVar[int] = -1  # in place of an expert: the error of a layer without experts
    ABSENT: ClassVar[int] = -2  # an empty slot

    vectors: Float[Tensor, "layer position slot d_model"]
    expert: Int[Tensor, "layer position slot"]


@dataclass(frozen=True)
class FrozenPass:
    """The fixed quantities of one prompt's pass. Written vectors are as the residual stream
    receives them, after a post-norm where there is one.
    """

    model: LanguageModel
    dictionary: MlpDictionary
    ids: Int[Tensor, " position"]
    logits: Float[Tensor, "position d_vocab"]  # after a soft cap
    tokens: Float[Tensor, "position d_model"]  # what each token's embedding puts in
    position_embedding: Float[Tensor, "position d_model"] | None
    features: ActiveFeatures
    errors: Float[Tensor, "layer position d_model"]  # 0 at zero positions
    decoder_bias: Float[Tensor, "layer position d_model"]  # 0 at zero positions
    # What the MLP writes at zero positions beside its skip connection; 0 elsewhere.
    zero_position_mlp: Float[Tensor, "layer position d_model"]
    mlp_norm_bias: Float[Tensor, "layer d_model"]  # of a post-norm
    attention: tuple[FrozenAttention, ...]
    mlps: tuple[FrozenMlp, ...]
    values: dict[Place, Tensor]  # what was read of the pass, by place, but the patterns
    error_parts: ErrorParts | None = None  # where errors are split; see `split_errors`

    @property
    def length(self) -> int:
        """The number of tokens."""
        return int(self.ids.shape[0])

    @property
    def zero_positions(self) -> int:
        """How many positions at the start have no features; their MLPs are constants."""
        return self.dictionary.zero_positions

    @property
    def error_slots(self) -> int:
        """How many parts an error has at most."""
        return 1 if self.error_parts is None else int(self.error_parts.expert.shape[2])

    def error(self, layer: int, position: int) -> Float[Tensor, "slot d_model"]:
        """The parts of one error; one part where errors are not split."""
        if self.error_parts is None:
            return self.errors[layer, position][None]
        return self.error_parts.vectors[layer, position]

    def written(self, columns: slice, layer: int) -> Float[Tensor, "some_feature d_model"]:
        """What features of one layer write at a layer: activation times decoder vector."""
        chosen = self.features
        if columns.stop == columns.start:
            return self.tokens.new_zeros(0, self.tokens.shape[1])
        source = int(chosen.layer[columns.start])
        decoder = self.dictionary.coder(source).decoder(layer - source, chosen.index[columns])
        vectors = decoder * chosen.value[columns][:, None]
        return self.mlps[layer].received(vectors, chosen.position[columns])

    def encoder_gradients(self, columns: Int[Tensor, " row"]) -> Float[Tensor, "row d_model"]:
        """The gradient of features' pre-activations in the residual stream that they read."""
        chosen = self.features
        out = self.tokens.new_empty(len(columns), self.tokens.shape[1])
        for layer in sorted(set(chosen.layer[columns].tolist())):
            mine = chosen.layer[columns] == layer
            encoder = self.dictionary.coder(layer).encoder(chosen.index[columns[mine]])
            position = chosen.position[columns[mine]]
            out[mine] = self.mlps[layer].read_gradient(encoder, position)
        return out

    def encoder_norm_bias(self, columns: Int[Tensor, " row"]) -> Float[Tensor, " row"]:
        """What the bias of the norm before the MLP adds to features' pre-activations."""
        chosen = self.features
        out = self.tokens.new_zeros(len(columns))
        for layer in sorted(set(chosen.layer[columns].tolist())):
            bias = self.mlps[layer].read_bias
            if bias is not None:
                mine = chosen.layer[columns] == layer
                encoder = self.dictionary.coder(layer).encoder(chosen.index[columns[mine]])
                out[mine] = encoder @ bias
        return out

    def encoder_bias(self, columns: Int[Tensor, " row"]) -> Float[Tensor, " row"]:
        """The encoder biases of features."""
        chosen = self.features
        out = self.tokens.new_zeros(len(columns))
        for layer in sorted(set(chosen.layer[columns].tolist())):
            mine = chosen.layer[columns] == layer
            out[mine] = self.dictionary.coder(layer).b_enc[chosen.index[columns[mine]]]
        return out


def freeze(
    model: LanguageModel, dictionary: Dictionary, ids: Int[Tensor, " position"]
) -> FrozenPass:
    """The local replacement model of one prompt.

    Raises:
        ModelError: the dictionary has no exact graph for this model (other layers or width, or
            no transcoders), or the model's architecture does not fit; see `held_sums`.
        BadInput: ids that are not in the vocabulary, or longer than the context.
    """
    check_parts(model)
    transcoders = checked_transcoders(model, dictionary)
    places = [*_places(model, transcoders), *places_of_sums(model)]
    outcome = model.run(ids[None], read=places)
    logits, values = outcome.logits[0], {}
    while outcome.values:  # one by one, so that nothing else holds the patterns
        place, value = outcome.values.popitem()
        values[place] = value[0]
    check_reached(model, places, values)
    matrices = matrices_of(model)
    attention = tuple(_attention(model, (layer, matrices), values) for layer in range(model.layers))
    check_sums(model, attention, values)
    features = active_features(transcoders, values)
    embedding = values[Site.EMBEDDING, 0]
    position_embedding = values.get((Site.POSITION_EMBEDDING, 0))
    tokens = embedding if position_embedding is None else embedding - position_embedding
    layers, width = model.layers, model.d_model
    empty = tokens.new_zeros(layers, len(ids), width)
    frozen = FrozenPass(
        model=model,
        dictionary=transcoders,
        ids=ids.to(model.device),
        logits=logits,
        tokens=tokens,
        position_embedding=position_embedding,
        features=features,
        errors=empty,
        decoder_bias=empty.clone(),
        zero_position_mlp=empty.clone(),
        mlp_norm_bias=tokens.new_zeros(layers, width),
        attention=attention,
        mlps=tuple(freeze_mlp(model, transcoders, layer, values) for layer in range(layers)),
        values=values,
    )
    for layer in range(layers):
        _fill_layer(frozen, layer)
        if not bool(torch.isfinite(frozen.errors[layer]).all()):
            where = f"dictionary {dictionary.name}: layer {layer}"
            raise ModelError(where, "finite weights", "NaN or infinity in rows that are used")
    return frozen


def checked_transcoders(model: LanguageModel, dictionary: Dictionary) -> MlpDictionary:
    """The dictionary, if it replaces every MLP of the model; ModelError otherwise."""
    where = f"dictionary {dictionary.name}"
    if not isinstance(dictionary, MlpDictionary):
        raise ModelError(
            where,
            "transcoders, which replace MLPs",
            type(dictionary).__name__,
            "attribution graphs of autoencoders are not exact and not offered",
        )
    trained_for = f"its files name the model {dictionary.model_name}" * bool(dictionary.model_name)
    if len(dictionary.layers) != model.layers:
        expected = f"a transcoder for each of {model.layers} layers"
        raise ModelError(where, expected, f"{len(dictionary.layers)}", trained_for)
    width = dictionary.layers[0].width
    if width != model.d_model:
        expected = f"vectors of width {model.d_model}"
        raise ModelError(where, expected, f"width {width}", trained_for)
    return dictionary.to(model.device, model.dtype, matrices_stay=model.settings.stream)


def check_length(model: LanguageModel, length: int) -> None:
    """Refuse a prompt without tokens or longer than the context."""
    if not 1 <= length <= model.context:
        raise BadInput("prompt", f"1 to {model.context} tokens", f"{length}")


def _places(model: LanguageModel, dictionary: MlpDictionary) -> list[Place]:
    per_layer = [
        Site.ATTENTION_PATTERN,
        Site.ATTENTION_NORM_SCALE,
        Site.ATTENTION_POST_NORM_SCALE,
        Site.MLP_NORM_SCALE,
        Site.MLP_POST_NORM_SCALE,
        dictionary.feature_input,
        dictionary.feature_output,
    ]
    once = [Site.EMBEDDING, Site.POSITION_EMBEDDING, Site.FINAL_NORM_SCALE, Site.LOGITS]
    optional = {
        Site.ATTENTION_NORM_SCALE,
        Site.ATTENTION_POST_NORM_SCALE,
        Site.MLP_NORM_SCALE,
        Site.MLP_POST_NORM_SCALE,
        Site.POSITION_EMBEDDING,
    }
    places = [(site, 0) for site in once]
    places += [(site, layer) for layer in range(model.layers) for site in per_layer]
    return [place for place in places if place[0] not in optional or model.has(*place)]


def _attention(
    model: LanguageModel, place: tuple[int, Matrices], values: dict[Place, Tensor]
) -> FrozenAttention:
    layer = place[0]
    return freeze_attention(
        model,
        place,
        # Taken out: at 2,000 tokens the patterns are most of what a pass gives.
        values.pop((Site.ATTENTION_PATTERN, layer)),
        values.get((Site.ATTENTION_NORM_SCALE, layer)),
        values.get((Site.ATTENTION_POST_NORM_SCALE, layer)),
    )


def _fill_layer(frozen: FrozenPass, layer: int) -> None:
    """Errors and constants of one layer's MLP, as the residual stream receives them."""
    dictionary, features, mlp = frozen.dictionary, frozen.features, frozen.mlps[layer]
    written = frozen.values[dictionary.feature_output, layer]
    skip, bias = dictionary.skip(layer), dictionary.coder(layer).b_dec.expand_as(written)
    skipped = torch.zeros_like(written)
    if skip is not None:
        skipped = skip.apply(frozen.values[dictionary.feature_input, layer])
    reconstruction = bias + skipped
    for source in dictionary.writers(layer):
        for here in portions(features.of_layer(source), written.shape[1]):
            rows = dictionary.coder(source).decoder(layer - source, features.index[here])
            scaled = rows * features.value[here][:, None]
            reconstruction.index_add_(0, features.position[here], scaled)
    position = torch.arange(frozen.length, device=written.device)
    error = mlp.received(written - reconstruction, position)
    constant = mlp.received(written - skipped, position)
    zero = frozen.zero_positions
    frozen.errors[layer, zero:] = error[zero:]
    frozen.decoder_bias[layer, zero:] = mlp.received(bias, position)[zero:]
    frozen.zero_position_mlp[layer, :zero] = constant[:zero]
    if mlp.write_bias is not None:
        frozen.mlp_norm_bias[layer] = mlp.write_bias
