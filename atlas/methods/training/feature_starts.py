"""Where features start, and where those that no token uses start again.

A random direction of 128 lies far from all data, and most features that read one would never
fire. So each starts on a token: it reads the token's input and writes its output, or, when it
starts again, what is still missing there (Bricken et al. 2023). At first it writes to its own
layer alone.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from atlas.methods.training.transcoder_stack import TranscoderStack

# A restarted feature is silent on inputs whose cosine with its token's is below 1 − 1/3. One that
# fires on a third of all tokens does harm on most of them, and dies of it again.
REVIVED_SHARPNESS = 3.0


@torch.no_grad()
def start(
    stack: TranscoderStack,
    inputs: Float[Tensor, "layer token d_model"],
    outputs: Float[Tensor, "layer token d_model"],
    generator: torch.Generator,
) -> None:
    """Let each feature stand for one token of a sample: read its input, write its output.

    Give at least as many tokens as there are features, or some features start as twins. Tokens
    are alike, so features that fire together overshoot: each layer's encoder is scaled such that
    the sum fits best.
    """
    tokens, features = inputs.shape[1], stack.shape.features
    for layer in range(len(inputs)):
        order = torch.randperm(tokens, generator=generator)
        chosen = order.repeat(-(-features // tokens))[:features]
        _restart(stack, layer, slice(None), (inputs[layer, chosen], outputs[layer, chosen]))
    pre = stack.pre_activations(inputs)
    stack.follow_threshold(pre, tuple(map(float, stack.k)), 1.0)
    estimate = stack.estimate(stack.active(pre), inputs)
    fit = (estimate * outputs).sum((1, 2)) / estimate.pow(2).sum((1, 2)).clamp_min(1e-12)
    stack.encoder.mul_(fit.clamp(1e-3, 1.0)[:, None, None])
    stack.threshold.mul_(fit.clamp(1e-3, 1.0))


@torch.no_grad()
def revive(
    stack: TranscoderStack,
    dead: tuple[Int[Tensor, " _"], ...],
    inputs: Float[Tensor, "layer token d_model"],
    errors: Float[Tensor, "layer token d_model"],
    generator: torch.Generator,
) -> tuple[Int[Tensor, " _"], ...]:
    """Restart features that no token uses, each on another token that is reconstructed badly.

    `errors` are output − estimate. Tokens are drawn with a chance proportional to their squared
    error. Of tokens on which one revived feature would fire for the other only the first is taken:
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
            _restart(stack, layer, features[: len(chosen)], tokens, REVIVED_SHARPNESS)
        restarted.append(features[: len(chosen)])
    return tuple(restarted)


def _restart(
    stack: TranscoderStack,
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
    stack.decoder[layer][0, features] = writes / size.clamp_min(1e-6)
    stack.decoder[layer][1:, features] = 0
    squares = reads.pow(2).sum(-1, keepdim=True).clamp_min(1e-6)
    stack.encoder[layer, features] = sharpness * reads * size / squares
    stack.encoder_bias[layer, features] = (1 - sharpness) * size[:, 0]


def _answered_for(reads: Float[Tensor, "token d_model"]) -> Bool[Tensor, " token"]:
    """True where a feature revived on an earlier token would fire, or the other way round."""
    answers = reads @ reads.T / reads.pow(2).sum(-1).clamp_min(1e-6) > 1 - 1 / REVIVED_SHARPNESS
    return (answers | answers.T).tril(-1).any(1)
