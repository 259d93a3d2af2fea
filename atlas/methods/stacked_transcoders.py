"""Transcoders of all layers of a model as one stack of tensors, so that one step trains them all.

A transcoder reads an MLP's input x and writes an estimate of its output y through few features:
a = gate(W_enc x + b_enc), y ≈ a W_dec + b_dec (Dunefsky et al. 2024). Decoder rows have norm 1, so
an activation is the length of what the feature writes. Two gates keep few features active:

* top_k: the k largest positive pre-activations of each token (Gao et al. 2024);
* batch_top_k: those above one threshold per layer, chosen so that k are active per token on
  average (Bussmann et al. 2024). Tokens that are easy use fewer, and each feature's gate depends
  on nothing but itself, so it stays what it is when others are intervened on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.errors import BadInput

Gate = Literal["top_k", "batch_top_k"]


@dataclass(frozen=True)
class Scale:
    """What makes each layer's inputs and outputs of unit size while they are trained on."""

    input_mean: Float[Tensor, "layer d_model"]
    input_size: Float[Tensor, " layer"]
    output_mean: Float[Tensor, "layer d_model"]
    output_size: Float[Tensor, " layer"]

    @classmethod
    def measure(
        cls,
        inputs: Float[Tensor, "layer token d_model"],
        outputs: Float[Tensor, "layer token d_model"],
    ) -> Scale:
        """Means, and root mean square deviations per coordinate, of one sample of tokens."""
        input_mean, output_mean = inputs.mean(1), outputs.mean(1)
        return cls(
            input_mean=input_mean,
            input_size=(inputs - input_mean[:, None]).pow(2).mean((1, 2)).sqrt().clamp_min(1e-8),
            output_mean=output_mean,
            output_size=(outputs - output_mean[:, None]).pow(2).mean((1, 2)).sqrt().clamp_min(1e-8),
        )

    def inputs(
        self, inputs: Float[Tensor, "layer token d_model"]
    ) -> Float[Tensor, "layer token d_model"]:
        """Inputs centred and of unit size."""
        return (inputs - self.input_mean[:, None]) / self.input_size[:, None, None]

    def outputs(
        self, outputs: Float[Tensor, "layer token d_model"]
    ) -> Float[Tensor, "layer token d_model"]:
        """Outputs centred and of unit size."""
        return (outputs - self.output_mean[:, None]) / self.output_size[:, None, None]


class StackedTranscoders(torch.nn.Module):
    """One transcoder per layer, in the units of a Scale; ``weights`` gives the model's units."""

    def __init__(self, shape: tuple[int, int, int], k: int, gate: Gate) -> None:
        """Zeros of shape (layers, features, d_model); ``start_from`` sets the first values."""
        super().__init__()
        layers, features, d_model = shape
        if k > features:
            raise BadInput("transcoders", "k of at most the number of features", f"{k}, {features}")
        self.k, self.gate = k, gate
        self.encoder = torch.nn.Parameter(torch.zeros(layers, features, d_model))
        self.encoder_bias = torch.nn.Parameter(torch.zeros(layers, features))
        self.decoder = torch.nn.Parameter(torch.zeros(layers, features, d_model))
        self.decoder_bias = torch.nn.Parameter(torch.zeros(layers, d_model))
        self.threshold: Tensor
        self.register_buffer("threshold", torch.zeros(layers))

    @torch.no_grad()
    def start_from(
        self,
        inputs: Float[Tensor, "layer token d_model"],
        outputs: Float[Tensor, "layer token d_model"],
        generator: torch.Generator,
    ) -> None:
        """Let each feature stand for one token of a sample: read its input, write its output.

        A random direction of 128 lies far from all data, and most such features would never fire.
        """
        for layer in range(len(inputs)):
            chosen = torch.randint(inputs.shape[1], (self.encoder.shape[1],), generator=generator)
            self._restart(layer, slice(None), inputs[layer, chosen], outputs[layer, chosen])

    def _restart(self, layer: int, features: slice | Tensor, reads: Tensor, writes: Tensor) -> None:
        directions = writes / writes.norm(dim=-1, keepdim=True).clamp_min(1e-6)
        self.decoder[layer, features] = directions
        # An input like the token's own gives a pre-activation about as large as its output.
        scale = writes.norm(dim=-1, keepdim=True) / reads.pow(2).sum(-1, keepdim=True).clamp_min(
            1e-6
        )
        self.encoder[layer, features] = reads * scale
        self.encoder_bias[layer, features] = 0.0

    def pre_activations(
        self, inputs: Float[Tensor, "layer token d_model"]
    ) -> Float[Tensor, "layer token feature"]:
        """W_enc x + b_enc of every feature."""
        return torch.baddbmm(self.encoder_bias[:, None], inputs, self.encoder.transpose(1, 2))

    def activations(
        self, pre: Float[Tensor, "layer token feature"]
    ) -> Float[Tensor, "layer token feature"]:
        """The gate, as at inference."""
        if self.gate == "batch_top_k":
            return pre * (pre > self.threshold[:, None, None])
        values, indices = pre.topk(self.k, dim=-1, sorted=False)
        return torch.zeros_like(pre).scatter(-1, indices, values.relu())

    def decode(
        self, activations: Float[Tensor, "layer token feature"]
    ) -> Float[Tensor, "layer token d_model"]:
        """a W_dec + b_dec."""
        return torch.baddbmm(self.decoder_bias[:, None], activations, self.decoder)

    @torch.no_grad()
    def follow_threshold(
        self, pre: Float[Tensor, "layer token feature"], k: float, rate: float
    ) -> None:
        """Move each layer's threshold towards the one that k features per token exceed.

        A sample of 64 tokens is enough for a running mean and spares sorting the whole batch.
        """
        sample = pre[:, :: max(1, pre.shape[1] // 64)].relu()
        wanted = max(1, round(k * sample.shape[1]))
        lowest = sample.flatten(1).topk(wanted, dim=-1, sorted=True).values[:, -1]
        self.threshold.lerp_(lowest, rate)

    @torch.no_grad()
    def keep_decoder_unit(self) -> None:
        """Scale decoder rows back to norm 1 after a step."""
        self.decoder.div_(self.decoder.norm(dim=-1, keepdim=True).clamp_min(1e-8))

    @torch.no_grad()
    def revive(
        self,
        dead: tuple[Int[Tensor, " dead"], ...],
        inputs: Float[Tensor, "layer token d_model"],
        errors: Float[Tensor, "layer token d_model"],
        generator: torch.Generator,
    ) -> int:
        """Restart features that no token uses, each on a token that is reconstructed badly.

        Tokens are drawn with a chance proportional to their squared error (Bricken et al. 2023).
        """
        for layer, features in enumerate(dead):
            if len(features):
                chance = errors[layer].pow(2).sum(-1) + 1e-12
                chosen = torch.multinomial(
                    chance, len(features), replacement=True, generator=generator
                )
                self._restart(layer, features, inputs[layer, chosen], errors[layer, chosen])
        return sum(len(features) for features in dead)

    @torch.no_grad()
    def weights(self, scale: Scale) -> dict[str, Tensor]:
        """W_enc, b_enc, W_dec, b_dec and threshold, by layer, for the model's own inputs.

        With x' = (x − m)/s and y' = (y − n)/t: W_enc ← W_enc·t/s, b_enc ← (b_enc − W_enc·m/s)·t,
        θ ← θ·t, b_dec ← b_dec·t + n; decoder rows stay of norm 1, activations get y's unit.
        """
        size = scale.output_size
        encoder = self.encoder / scale.input_size[:, None, None]
        moved = torch.einsum("lfd,ld->lf", encoder, scale.input_mean)
        return {
            "W_enc": encoder * size[:, None, None],
            "b_enc": (self.encoder_bias - moved) * size[:, None],
            "W_dec": self.decoder.clone(),
            "b_dec": self.decoder_bias * size[:, None] + scale.output_mean,
            "threshold": self.threshold * size,
        }
