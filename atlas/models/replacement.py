"""The local replacement model: one prompt's forward pass with everything nonlinear held fixed.

MLPs are replaced by a dictionary's active features plus an error that makes the sum exact;
attention patterns and norm scales stay as they were. What is left is linear in the token
embeddings, the features' activations, the errors and a few constants (Ameisen et al. 2025).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.errors import BadInput, ModelError
from atlas.models.dictionaries import Dictionary, TranscoderSet
from atlas.models.frozen_attention import FrozenAttention, freeze_attention
from atlas.models.language_model import LanguageModel, Pass, Place
from atlas.models.sites import Site

ZERO_POSITIONS = 1
"""Positions at the start whose features are not attributed: the first token's residual stream
is far outside of what dictionaries are trained on."""


@dataclass(frozen=True)
class ActiveFeatures:
    """The active features of a prompt as columns, ordered by layer, position and index."""

    layer: Int[Tensor, " feature"]
    position: Int[Tensor, " feature"]
    index: Int[Tensor, " feature"]
    value: Float[Tensor, " feature"]
    pre: Float[Tensor, " feature"]  # before the activation function
    starts: Int[Tensor, "layer position_boundary"]  # first column of each layer and position

    def __len__(self) -> int:
        """The number of active features."""
        return int(self.value.shape[0])

    def at(self, layer: int, position: int) -> slice:
        """The columns of the features at one layer and position."""
        return slice(int(self.starts[layer, position]), int(self.starts[layer, position + 1]))


@dataclass(frozen=True)
class FrozenPass:
    """The fixed quantities of one prompt's pass. Written vectors are as the residual stream
    receives them, after a post-norm where there is one.
    """

    model: LanguageModel
    dictionary: TranscoderSet
    ids: Int[Tensor, " position"]
    logits: Float[Tensor, "position d_vocab"]  # after a soft cap
    raw_logits: Float[Tensor, " d_vocab"]  # last position, before a soft cap
    tokens: Float[Tensor, "position d_model"]  # what each token's embedding puts in
    position_embedding: Float[Tensor, "position d_model"] | None
    features: ActiveFeatures
    errors: Float[Tensor, "layer position d_model"]  # 0 at zero positions
    decoder_bias: Float[Tensor, "layer position d_model"]  # 0 at zero positions
    zero_position_mlp: Float[Tensor, "layer position d_model"]  # 0 elsewhere
    mlp_norm_bias: Float[Tensor, "layer d_model"]  # of a post-norm
    attention: tuple[FrozenAttention, ...]
    values: dict[Place, Tensor]  # norm scales, by place

    @property
    def length(self) -> int:
        """The number of tokens."""
        return int(self.ids.shape[0])

    def written(self, columns: slice) -> Float[Tensor, "some_feature d_model"]:
        """What features of one layer write: activation times decoder vector."""
        chosen = self.features
        if columns.stop == columns.start:
            return self.tokens.new_zeros(0, self.tokens.shape[1])
        layer = int(chosen.layer[columns.start])
        decoder = self.dictionary.layers[layer].W_dec[chosen.index[columns]]
        vectors = decoder * chosen.value[columns][:, None]
        return self.as_received(layer, vectors, chosen.position[columns])

    def as_received(
        self, layer: int, vectors: Float[Tensor, "row d_model"], position: Int[Tensor, " row"]
    ) -> Float[Tensor, "row d_model"]:
        """Vectors at the dictionary's output site as they arrive in the residual stream."""
        norm = self.model.mlp_post_norm(layer)
        if norm is None or self.dictionary.feature_output is Site.MLP_WRITE:
            return vectors
        return norm.forward(vectors) / self.values[Site.MLP_POST_NORM_SCALE, layer][position]

    def encoder_gradients(self, columns: Int[Tensor, " row"]) -> Float[Tensor, "row d_model"]:
        """The gradient of features' pre-activations in the residual stream that they read."""
        chosen = self.features
        out = self.tokens.new_empty(len(columns), self.tokens.shape[1])
        for layer in sorted(set(chosen.layer[columns].tolist())):
            mine = chosen.layer[columns] == layer
            encoder = self.dictionary.layers[layer].W_enc[chosen.index[columns[mine]]]
            out[mine] = self._through_mlp_norm(layer, encoder, chosen.position[columns[mine]])
        return out

    def encoder_norm_bias(self, columns: Int[Tensor, " row"]) -> Float[Tensor, " row"]:
        """What the bias of the norm before the MLP adds to features' pre-activations."""
        chosen = self.features
        out = self.tokens.new_zeros(len(columns))
        for layer in sorted(set(chosen.layer[columns].tolist())):
            bias = self.model.mlp_norm(layer).bias
            if bias is not None and self.dictionary.feature_input is not Site.RESIDUAL_MIDDLE:
                mine = chosen.layer[columns] == layer
                encoder = self.dictionary.layers[layer].W_enc[chosen.index[columns[mine]]]
                out[mine] = encoder @ bias
        return out

    def encoder_bias(self, columns: Int[Tensor, " row"]) -> Float[Tensor, " row"]:
        """The encoder biases of features."""
        chosen = self.features
        biases = torch.stack([coder.b_enc for coder in self.dictionary.layers])
        return biases[chosen.layer[columns], chosen.index[columns]]

    def _through_mlp_norm(
        self, layer: int, encoder: Float[Tensor, "row d_model"], position: Int[Tensor, " row"]
    ) -> Float[Tensor, "row d_model"]:
        site = self.dictionary.feature_input
        if site is Site.RESIDUAL_MIDDLE:
            return encoder
        norm = self.model.mlp_norm(layer)
        scale = self.values[Site.MLP_NORM_SCALE, layer][position]
        if site is Site.MLP_NORMALIZED and not norm.centred:
            return encoder / scale
        return norm.backward(encoder) / scale


def freeze(
    model: LanguageModel, dictionary: Dictionary, ids: Int[Tensor, " position"]
) -> FrozenPass:
    """The local replacement model of one prompt.

    Raises:
        ModelError: the dictionary has no exact graph for this model (other layers or width, or
            no transcoders).
        BadInput: ids that are not in the vocabulary, or longer than the context.
    """
    transcoders = checked_transcoders(model, dictionary)
    outcome = model.run(ids[None], read=_places(model, transcoders))
    values = {place: value[0] for place, value in outcome.values.items()}
    features = _active_features(transcoders, values)
    embedding = values[Site.EMBEDDING, 0]
    position_embedding = values.get((Site.POSITION_EMBEDDING, 0))
    tokens = embedding if position_embedding is None else embedding - position_embedding
    layers, width = model.layers, model.d_model
    empty = tokens.new_zeros(layers, len(ids), width)
    frozen = FrozenPass(
        model=model,
        dictionary=transcoders,
        ids=ids.to(model.device),
        logits=outcome.logits[0],
        raw_logits=values[Site.LOGITS, 0][-1],
        tokens=tokens,
        position_embedding=position_embedding,
        features=features,
        errors=empty,
        decoder_bias=empty.clone(),
        zero_position_mlp=empty.clone(),
        mlp_norm_bias=tokens.new_zeros(layers, width),
        attention=tuple(_attention(model, layer, values) for layer in range(layers)),
        values=values,
    )
    for layer in range(layers):
        _fill_layer(frozen, layer, outcome)
    return frozen


def checked_transcoders(model: LanguageModel, dictionary: Dictionary) -> TranscoderSet:
    """The dictionary, if it replaces every MLP of the model; ModelError otherwise."""
    where = f"dictionary {dictionary.name}"
    if not isinstance(dictionary, TranscoderSet):
        raise ModelError(
            where,
            "transcoders, which replace MLPs",
            type(dictionary).__name__,
            "attribution graphs of autoencoders are not exact and not offered",
        )
    if len(dictionary.layers) != model.layers:
        raise ModelError(
            where, f"a transcoder for each of {model.layers} layers", f"{len(dictionary.layers)}"
        )
    width = int(dictionary.layers[0].W_enc.shape[1])
    if width != model.d_model:
        raise ModelError(where, f"vectors of width {model.d_model}", f"width {width}")
    return dictionary.to(model.device, model.dtype)


def check_length(model: LanguageModel, length: int) -> None:
    """Refuse a prompt without tokens or longer than the context."""
    if not 1 <= length <= model.context:
        raise BadInput("prompt", f"1 to {model.context} tokens", f"{length}")


def _places(model: LanguageModel, dictionary: TranscoderSet) -> list[Place]:
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
        Site.ATTENTION_POST_NORM_SCALE,
        Site.MLP_POST_NORM_SCALE,
        Site.POSITION_EMBEDDING,
    }
    places = [(site, 0) for site in once]
    places += [(site, layer) for layer in range(model.layers) for site in per_layer]
    return [place for place in places if place[0] not in optional or model.has(*place)]


def _attention(model: LanguageModel, layer: int, values: dict[Place, Tensor]) -> FrozenAttention:
    return freeze_attention(
        model,
        layer,
        values[Site.ATTENTION_PATTERN, layer],
        values[Site.ATTENTION_NORM_SCALE, layer],
        values.get((Site.ATTENTION_POST_NORM_SCALE, layer)),
    )


def _active_features(dictionary: TranscoderSet, values: dict[Place, Tensor]) -> ActiveFeatures:
    columns: list[tuple[Tensor, ...]] = []
    counts = []
    for layer, coder in enumerate(dictionary.layers):
        pre = coder.pre_activations(values[dictionary.feature_input, layer])
        value = coder.activation.apply(pre)
        value[:ZERO_POSITIONS] = 0
        position, index = value.nonzero(as_tuple=True)
        number = torch.full_like(position, layer)
        columns.append((number, position, index, value[position, index], pre[position, index]))
        counts.append((value != 0).sum(dim=1))
    flat = torch.cat(counts).cumsum(0)
    length = int(counts[0].shape[0])
    boundaries = torch.cat([flat.new_zeros(1), flat])
    first = torch.arange(len(counts), device=flat.device)[:, None] * length
    starts = boundaries[first + torch.arange(length + 1, device=flat.device)]
    joined = [torch.cat(column) for column in zip(*columns, strict=True)]
    return ActiveFeatures(joined[0], joined[1], joined[2], joined[3], joined[4], starts)


def _fill_layer(frozen: FrozenPass, layer: int, outcome: Pass) -> None:
    """Errors and constants of one layer's MLP, as the residual stream receives them."""
    coder = frozen.dictionary.layers[layer]
    features = frozen.features
    written = outcome.values[frozen.dictionary.feature_output, layer][0]
    here = slice(int(features.starts[layer, 0]), int(features.starts[layer, -1]))
    reconstruction = coder.b_dec.expand_as(written).clone()
    decoder = coder.W_dec[features.index[here]] * features.value[here][:, None]
    reconstruction.index_add_(0, features.position[here], decoder)
    position = torch.arange(frozen.length, device=written.device)
    error = frozen.as_received(layer, written - reconstruction, position)
    bias = frozen.as_received(layer, coder.b_dec.expand_as(written), position)
    output = frozen.as_received(layer, written, position)
    frozen.errors[layer, ZERO_POSITIONS:] = error[ZERO_POSITIONS:]
    frozen.decoder_bias[layer, ZERO_POSITIONS:] = bias[ZERO_POSITIONS:]
    frozen.zero_position_mlp[layer, :ZERO_POSITIONS] = output[:ZERO_POSITIONS]
    norm = frozen.model.mlp_post_norm(layer)
    reads_raw = frozen.dictionary.feature_output is Site.MLP_OUTPUT
    if norm is not None and norm.bias is not None and reads_raw:
        frozen.mlp_norm_bias[layer] = norm.bias
