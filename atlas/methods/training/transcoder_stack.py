"""Transcoders of all layers of a model as one stack of tensors, so that one step trains them all.

A transcoder reads an MLP's input x and writes an estimate of its output y through few features:
a = gate(W_enc x + b_enc), y ≈ a W_dec + b_dec (Dunefsky et al. 2024). In a cross-layer transcoder
a feature writes to its own and to all later layers (Ameisen et al. 2025); with a skip connection a
linear map of x is added (Paulo et al. 2025). What a feature writes, over all layers, has norm 1 in
the units of training, so an activation is the length of what is written. Two gates keep few
features active:

* top_k: the k largest positive pre-activations of each token (Gao et al. 2024);
* batch_top_k: those above one threshold per layer, chosen so that k are active per token on
  average (Bussmann et al. 2024). Tokens that are easy use fewer, and each feature's gate depends
  on nothing but itself, so it stays what it is when others are intervened on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from atlas.errors import BadInput
from atlas.methods.training.active_entries import ActiveEntries

Gate = Literal["top_k", "batch_top_k"]


@dataclass(frozen=True)
class StackShape:
    """How large a stack is and what it is made of."""

    layers: int
    features: int  # per layer
    d_model: int
    cross_layer: bool = False  # whether features write to all later layers too
    skip: bool = False  # whether a linear map of the input is added to the output

    def reach(self, layer: int) -> int:
        """To how many layers the features of one layer write, their own included."""
        return self.layers - layer if self.cross_layer else 1


class TranscoderStack(torch.nn.Module):
    """The transcoders of all layers, in the units of a Scale. Final.

    Gradients are written out instead of taken by autograd, which would fill dense arrays of
    tokens × features several times per step, almost all of it zeros.
    """

    def __init__(self, shape: StackShape, k: tuple[int, ...], gate: Gate) -> None:
        """Zeros; `feature_starts` sets the first values. `k` has one number per layer."""
        super().__init__()
        layers, features, d_model = shape.layers, shape.features, shape.d_model
        if len(k) != layers or not 1 <= min(k) <= max(k) <= features:
            expected = f"k of 1 to {features} features for each of {layers} layers"
            raise BadInput("transcoders", expected, str(k))
        self.shape, self.k, self.gate = shape, k, gate
        self.encoder = torch.nn.Parameter(torch.zeros(layers, features, d_model))
        self.encoder_bias = torch.nn.Parameter(torch.zeros(layers, features))
        # Per layer [written layer, feature, d_model], the layer's own first.
        self.decoder = torch.nn.ParameterList(
            torch.zeros(shape.reach(layer), features, d_model) for layer in range(layers)
        )
        self.decoder_bias = torch.nn.Parameter(torch.zeros(layers, d_model))
        self.skip = (
            torch.nn.Parameter(torch.zeros(layers, d_model, d_model)) if shape.skip else None
        )
        self.threshold: Tensor
        self.register_buffer("threshold", torch.zeros(layers))

    @torch.no_grad()
    def pre_activations(
        self, inputs: Float[Tensor, "layer token d_model"]
    ) -> Float[Tensor, "layer token feature"]:
        """W_enc x + b_enc of every feature."""
        return torch.baddbmm(self.encoder_bias[:, None], inputs, self.encoder.transpose(1, 2))

    @torch.no_grad()
    def active(self, pre: Float[Tensor, "layer token feature"]) -> tuple[ActiveEntries, ...]:
        """What the gate lets through, layer by layer, as at inference."""
        return tuple(
            ActiveEntries.where(self._open(layer, values), values)
            for layer, values in enumerate(pre)
        )

    def _open(self, layer: int, pre: Float[Tensor, "token feature"]) -> Tensor:
        if self.gate == "batch_top_k":
            return pre > self.threshold[layer]
        values, indices = pre.topk(self.k[layer], dim=-1)
        return torch.zeros_like(pre, dtype=torch.bool).scatter_(-1, indices, values > 0)

    @torch.no_grad()
    def estimate(
        self, active: tuple[ActiveEntries, ...], inputs: Float[Tensor, "layer token d_model"]
    ) -> Float[Tensor, "layer token d_model"]:
        """Of each layer's output: Σ a W_dec of all layers that write there, b_dec and W_skip x."""
        total = self.decoder_bias[:, None].expand(inputs.shape).clone()
        if self.skip is not None:
            total.baddbmm_(inputs, self.skip.transpose(1, 2))
        for layer, entries in enumerate(active):
            for after, decoder in enumerate(self.decoder[layer]):
                total[layer + after] += entries.written(decoder, inputs.shape[1])
        return total

    @torch.no_grad()
    def set_gradients(
        self,
        active: tuple[ActiveEntries, ...],
        inputs: Float[Tensor, "layer token d_model"],
        errors: Float[Tensor, "layer token d_model"],
    ) -> None:
        """Gradients of the squared errors (estimate − output), summed over layers.

        Per layer the loss is the mean over tokens and coordinates. With e_m the error of a token at
        layer m: dW_dec,m[f] = Σ a e_m, da = Σ_m W_dec,m[f]·e_m, dW_enc[f] = Σ da x,
        db_enc[f] = Σ da, db_dec = Σ e, dW_skip = Σ e xᵀ.
        """
        features = self.shape.features
        slope = errors * (2 / (errors.shape[1] * self.shape.d_model))
        encoder, bias = torch.zeros_like(self.encoder), torch.zeros_like(self.encoder_bias)
        for layer, entries in enumerate(active):
            decoder = self.decoder[layer]
            # All pulls at once, though few are wanted: dense products are the faster way.
            pulls = slope[layer] @ decoder[0].T
            for after in range(1, len(decoder)):
                pulls.addmm_(slope[layer + after], decoder[after].T)
            sorted_entries = entries.by_feature()
            decoder.grad = torch.stack([
                sorted_entries.gathered(slope[layer + after], features)
                for after in range(len(decoder))
            ])  # fmt: skip
            pull = pulls[sorted_entries.token, sorted_entries.feature]
            pulled = ActiveEntries(sorted_entries.token, sorted_entries.feature, pull)
            encoder[layer] = pulled.gathered(inputs[layer], features)
            bias[layer].index_add_(0, sorted_entries.feature, pull)
        self.encoder.grad, self.encoder_bias.grad = encoder, bias
        self.decoder_bias.grad = slope.sum(1)
        if self.skip is not None:
            self.skip.grad = torch.bmm(slope.transpose(1, 2), inputs)

    @torch.no_grad()
    def follow_threshold(
        self, pre: Float[Tensor, "layer token feature"], k: tuple[float, ...], rate: float
    ) -> None:
        """Move each layer's threshold towards the one that its k features per token exceed.

        A sample of 64 tokens is enough for a running mean and spares sorting the whole batch.
        """
        sample = pre[:, :: max(1, pre.shape[1] // 64)].relu()
        wanted = [max(1, round(each * sample.shape[1])) for each in k]
        largest = sample.flatten(1).topk(max(wanted), dim=-1, sorted=True).values
        last = torch.tensor(wanted)[:, None] - 1
        self.threshold.lerp_(largest.gather(1, last)[:, 0], rate)

    @torch.no_grad()
    def keep_decoder_unit(self) -> None:
        """Scale what each feature writes back to norm 1, over all its layers, after a step."""
        for decoder in self.decoder:
            decoder.div_(decoder.norm(dim=(0, 2), keepdim=True).clamp_min(1e-8))
