"""A trained stack as a dictionary in the model's own units.

With x' = (x − m)/s the scaled input and y' = (y − n)/t the scaled output of each layer, and
activations in the unit of their own layer's output, a = t a':

W_enc ← W_enc·t/s, b_enc ← (b_enc − W_enc·m/s)·t, θ ← θ·t, W_dec,l→k ← W_dec,l→k·t_k/t_l,
W_skip ← W_skip·t/s, b_dec ← b_dec·t + n − W_skip m (the last with the new W_skip).
"""

from __future__ import annotations

import torch
from torch import Tensor

from atlas.methods.training.scale import Scale
from atlas.methods.training.transcoder_stack import TranscoderStack
from atlas.models.activation_functions import ActivationFunction, JumpReLU, TopK
from atlas.models.coders import CrossLayerCoder, Skip, Transcoder
from atlas.models.dictionaries import CrossLayerTranscoder, TranscoderSet
from atlas.models.sites import Site


def trained_dictionary(
    stack: TranscoderStack, scale: Scale
) -> TranscoderSet | CrossLayerTranscoder:
    """The stack's function, on MLP inputs and outputs as the model has them."""
    layers = range(stack.shape.layers)
    if stack.shape.cross_layer:
        coders = tuple(_cross_layer(stack, scale, layer) for layer in layers)
        return CrossLayerTranscoder(
            "cross-layer-transcoder", Site.MLP_INPUT, Site.MLP_OUTPUT, coders
        )
    single = tuple(_single_layer(stack, scale, layer) for layer in layers)
    return TranscoderSet("transcoders", Site.MLP_INPUT, Site.MLP_OUTPUT, single)


@torch.no_grad()
def _single_layer(stack: TranscoderStack, scale: Scale, layer: int) -> Transcoder:
    encoder, encoder_bias = _encoder(stack, scale, layer)
    decoder_bias, skip = _constants(stack, scale, layer)
    return Transcoder(
        W_enc=encoder,
        b_enc=encoder_bias,
        W_dec=stack.decoder[layer][0].detach().clone(),
        b_dec=decoder_bias,
        activation=_activation(stack, scale, layer),
        skip=skip,
    )


@torch.no_grad()
def _cross_layer(stack: TranscoderStack, scale: Scale, layer: int) -> CrossLayerCoder:
    encoder, encoder_bias = _encoder(stack, scale, layer)
    decoder_bias, skip = _constants(stack, scale, layer)
    sizes = scale.output_size[layer:] / scale.output_size[layer]
    decoder = stack.decoder[layer].detach() * sizes[:, None, None]
    return CrossLayerCoder(
        W_enc=encoder,
        b_enc=encoder_bias,
        W_dec=decoder.transpose(0, 1).contiguous(),
        b_dec=decoder_bias,
        activation=_activation(stack, scale, layer),
        skip=skip,
    )


def _encoder(stack: TranscoderStack, scale: Scale, layer: int) -> tuple[Tensor, Tensor]:
    size = scale.output_size[layer]
    encoder = stack.encoder[layer].detach() / scale.input_size[layer]
    moved = encoder @ scale.input_mean[layer]
    return encoder * size, (stack.encoder_bias[layer].detach() - moved) * size


def _constants(stack: TranscoderStack, scale: Scale, layer: int) -> tuple[Tensor, Skip | None]:
    """The decoder bias and the skip connection."""
    size = scale.output_size[layer]
    bias = stack.decoder_bias[layer].detach() * size + scale.output_mean[layer]
    if stack.skip is None:
        return bias, None
    weight = stack.skip[layer].detach() * (size / scale.input_size[layer])
    return bias - weight @ scale.input_mean[layer], Skip(weight)


def _activation(stack: TranscoderStack, scale: Scale, layer: int) -> ActivationFunction:
    if stack.gate == "top_k":
        return TopK(stack.k[layer], rectified=True)
    threshold = stack.threshold[layer] * scale.output_size[layer]
    return JumpReLU(threshold.expand(stack.shape.features).clone())
