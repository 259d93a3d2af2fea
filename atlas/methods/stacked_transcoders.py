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
from jaxtyping import Bool, Float, Int
from torch import Tensor

from atlas.errors import BadInput

Gate = Literal["top_k", "batch_top_k"]

# A restarted feature is silent on inputs whose cosine with its token's is below 1 − 1/3. One that
# fires on a third of all tokens does harm on most of them, and dies of it again.
REVIVED_SHARPNESS = 3.0


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


@dataclass(frozen=True)
class Active:
    """The features that are active on a batch, as entries sorted by layer, token and feature.

    About one in a hundred is, so everything after the encoder works on these alone.
    """

    row: Int[Tensor, " entry"]  # layer · tokens + token
    feature: Int[Tensor, " entry"]  # layer · features + feature
    value: Float[Tensor, " entry"]

    @classmethod
    def where(
        cls,
        mask: Bool[Tensor, "layer token feature"],
        values: Float[Tensor, "layer token feature"],
    ) -> Active:
        """The values where the mask is true."""
        _, tokens, features = mask.shape
        place = mask.flatten().nonzero()[:, 0]
        row = place // features
        feature = place - (row - row // tokens) * features
        return cls(row=row, feature=feature, value=values.flatten()[place])


class StackedTranscoders(torch.nn.Module):
    """One transcoder per layer, in the units of a Scale; ``weights`` gives the model's units.

    Gradients are written out instead of taken by autograd, which would fill dense arrays of
    tokens × features several times per step, almost all of it zeros.
    """

    def __init__(self, shape: tuple[int, int, int], k: tuple[int, ...], gate: Gate) -> None:
        """Zeros of shape (layers, features, d_model); ``start_from`` sets the first values.

        `k` has one number per layer.
        """
        super().__init__()
        layers, features, d_model = shape
        if len(k) != layers or not 1 <= min(k) <= max(k) <= features:
            expected = f"k of 1 to {features} features for each of {layers} layers"
            raise BadInput("transcoders", expected, str(k))
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

        Give at least as many tokens as there are features, or some features start as twins.

        A random direction of 128 lies far from all data, and most such features would never fire.
        Tokens are alike, so features that fire together overshoot: each layer's encoder is scaled
        such that the sum fits best.
        """
        for layer in range(len(inputs)):
            tokens, features = inputs.shape[1], self.encoder.shape[1]
            order = torch.randperm(tokens, generator=generator)
            chosen = order.repeat(-(-features // tokens))[:features]
            own = (inputs[layer, chosen], outputs[layer, chosen])
            self._restart(layer, slice(None), own)
        pre = self.pre_activations(inputs)
        self.follow_threshold(pre, tuple(map(float, self.k)), 1.0)
        estimate = self.decode(self.active(pre), outputs.shape[1])
        fit = (estimate * outputs).sum((1, 2)) / estimate.pow(2).sum((1, 2)).clamp_min(1e-12)
        self.encoder.mul_(fit.clamp(1e-3, 1.0)[:, None, None])
        self.threshold.mul_(fit.clamp(1e-3, 1.0))

    def _restart(
        self,
        layer: int,
        features: slice | Tensor,
        tokens: tuple[Tensor, Tensor],
        sharpness: float = 1.0,
    ) -> None:
        """Let features read and write what these tokens do, at a pre-activation of ‖write‖.

        Inputs less like a token's own give less: at cosine 1 − 1/sharpness, 0.
        """
        reads, writes = tokens
        size = writes.norm(dim=-1, keepdim=True)
        self.decoder[layer, features] = writes / size.clamp_min(1e-6)
        squares = reads.pow(2).sum(-1, keepdim=True).clamp_min(1e-6)
        self.encoder[layer, features] = sharpness * reads * size / squares
        self.encoder_bias[layer, features] = (1 - sharpness) * size[:, 0]

    @torch.no_grad()
    def pre_activations(
        self, inputs: Float[Tensor, "layer token d_model"]
    ) -> Float[Tensor, "layer token feature"]:
        """W_enc x + b_enc of every feature."""
        return torch.baddbmm(self.encoder_bias[:, None], inputs, self.encoder.transpose(1, 2))

    @torch.no_grad()
    def active(self, pre: Float[Tensor, "layer token feature"]) -> Active:
        """What the gate lets through, as at inference."""
        if self.gate == "batch_top_k":
            return Active.where(pre > self.threshold[:, None, None], pre)
        values, indices = pre.topk(max(self.k), dim=-1, sorted=True)
        among = torch.arange(max(self.k)) < torch.tensor(self.k)[:, None, None]
        kept = torch.zeros_like(pre, dtype=torch.bool).scatter_(-1, indices, (values > 0) & among)
        return Active.where(kept, pre)

    @torch.no_grad()
    def decode(self, active: Active, tokens: int) -> Float[Tensor, "layer token d_model"]:
        """a W_dec + b_dec."""
        layers, _, d_model = self.decoder.shape
        written = _sum_by(active.row, layers * tokens, self.decoder.flatten(0, 1), active)
        return written.view(layers, tokens, d_model) + self.decoder_bias[:, None]

    @torch.no_grad()
    def set_gradients(
        self,
        active: Active,
        inputs: Float[Tensor, "layer token d_model"],
        errors: Float[Tensor, "layer token d_model"],
    ) -> None:
        """Gradients of the squared errors (estimate − output), summed over layers.

        Per layer the loss is the mean over tokens and coordinates. With e the error of a token:
        dW_dec[f] = Σ a e, da = W_dec[f]·e, dW_enc[f] = Σ da x, db_enc[f] = Σ da, db_dec = Σ e.
        """
        layers, features, d_model = self.encoder.shape
        slope = errors * (2 / (errors.shape[1] * d_model))
        e, x = slope.flatten(0, 1), inputs.flatten(0, 1)
        # All pulls at once, though few are wanted: a product of dense matrices is the faster way.
        pulls = torch.bmm(slope, self.decoder.transpose(1, 2)).flatten(0, 1)
        pull = pulls[active.row, active.feature % features]
        order = active.feature.argsort(stable=True)
        by_feature = Active(active.feature[order], active.row[order], active.value[order])
        pulled = Active(by_feature.row, by_feature.feature, pull[order])
        count = layers * features
        self.decoder.grad = _sum_by(by_feature.row, count, e, by_feature).view_as(self.decoder)
        self.encoder.grad = _sum_by(pulled.row, count, x, pulled).view_as(self.encoder)
        bias = torch.zeros(count).index_add_(0, active.feature, pull)
        self.encoder_bias.grad = bias.view(layers, features)
        self.decoder_bias.grad = slope.sum(1)

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
        """Scale decoder rows back to norm 1 after a step."""
        self.decoder.div_(self.decoder.norm(dim=-1, keepdim=True).clamp_min(1e-8))

    @torch.no_grad()
    def revive(
        self,
        dead: tuple[Int[Tensor, " _"], ...],
        inputs: Float[Tensor, "layer token d_model"],
        errors: Float[Tensor, "layer token d_model"],
        generator: torch.Generator,
    ) -> tuple[Int[Tensor, " _"], ...]:
        """Restart features that no token uses, each on another token that is reconstructed badly.

        Tokens are drawn with a chance proportional to their squared error (Bricken et al. 2023).
        Of tokens on which one revived feature would fire for the other only the first is taken:
        together they would overshoot many times. The result has the features that were restarted.
        """
        restarted = []
        for layer, features in enumerate(dead):
            chosen = features[:0]
            if len(features):
                chance = errors[layer].pow(2).sum(-1) + 1e-12
                count = min(len(features), len(chance))
                chosen = torch.multinomial(chance, count, generator=generator)
                chosen = chosen[~_answered_for(inputs[layer, chosen])]
                tokens = (inputs[layer, chosen], errors[layer, chosen])
                self._restart(layer, features[: len(chosen)], tokens, REVIVED_SHARPNESS)
            restarted.append(features[: len(chosen)])
        return tuple(restarted)

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


def _answered_for(reads: Float[Tensor, "token d_model"]) -> Bool[Tensor, " token"]:
    """True where a feature revived on an earlier token would fire, or the other way round."""
    answers = reads @ reads.T / reads.pow(2).sum(-1).clamp_min(1e-6) > 1 - 1 / REVIVED_SHARPNESS
    return (answers | answers.T).tril(-1).any(1)


def _sum_by(
    group: Int[Tensor, " entry"],
    groups: int,
    vectors: Float[Tensor, "vector d_model"],
    entries: Active,
) -> Float[Tensor, "group d_model"]:
    """For each group, the sum of its entries' values times their vectors; entries are sorted.

    A product of a sparse matrix with a dense one, in the form that torch does fastest on a CPU.
    """
    starts = torch.searchsorted(group, torch.arange(groups))
    return torch.nn.functional.embedding_bag(
        entries.feature, vectors, starts, mode="sum", per_sample_weights=entries.value
    )
