"""What an attribution graph explains, as directions to trace back.

A logit of the last position is traced as the token's unembedding column minus the mean column,
because only differences between logits change probabilities. In a mixture of experts, a router's
logit (why this expert?) is traced as the router's row for that expert, read at the MLP's input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from atlas.errors import BadInput, ModelError
from atlas.methods.attribution.sweep import Targets, after_all, before_mlp
from atlas.models.experts import Mixture
from atlas.models.replacement import FrozenPass
from atlas.models.sites import Site

EXPERTS = 1 << 14
"""Room for this many experts per layer among the ids past the vocabulary."""


@dataclass(frozen=True)
class SalientTokens:
    """The most probable tokens that together reach a share of the probability."""

    probability_mass: float = 0.95  # as published (Ameisen et al. 2025)
    most: int = 10  # at most this many

    def __post_init__(self) -> None:
        if not 0 < self.probability_mass <= 1 or self.most < 1:
            raise BadInput(
                "salient targets",
                "a probability mass above 0 and up to 1, and at least one token",
                f"{self.probability_mass} and {self.most}",
            )


@dataclass(frozen=True)
class GivenTokens:
    """These tokens, each as text or as an id."""

    tokens: tuple[str | int, ...]

    def __post_init__(self) -> None:
        if not self.tokens or len(set(self.tokens)) != len(self.tokens):
            raise BadInput("targets", "one or more different tokens", repr(self.tokens))


@dataclass(frozen=True)
class TokenDifference:
    """The logit of one token minus that of another."""

    target: str | int
    foil: str | int

    def __post_init__(self) -> None:
        if self.target == self.foil:
            raise BadInput("target difference", "two different tokens", repr(self.target))


@dataclass(frozen=True)
class RouterLogit:
    """A router's logit for one expert at one position."""

    layer: int
    expert: int
    position: int  # in the prompt with its first token; negative: from the end


@dataclass(frozen=True)
class RouterLogits:
    """Why a mixture chose these experts, or did not."""

    routers: tuple[RouterLogit, ...]

    def __post_init__(self) -> None:
        if not self.routers or len(set(self.routers)) != len(self.routers):
            raise BadInput("router targets", "one or more different ones", repr(self.routers))


Target = SalientTokens | GivenTokens | TokenDifference | RouterLogits


@dataclass(frozen=True)
class Reading:
    """Where rows join the sweep, and what biases that meet no layer add to each."""

    targets: Targets
    constants: Mapping[str, Float[Tensor, " logit"]]


@dataclass(frozen=True)
class TracedLogits:
    """The rows of a graph's logits."""

    index: tuple[int, ...]  # vocabulary ids; for what is no token, an id past the vocabulary
    label: tuple[str, ...]
    probability: tuple[float, ...]  # 1 for a difference; a router's before it picks the largest
    reading: Reading
    total: Float[Tensor, " logit"]  # demeaned logits before a soft cap, or the router's logits


def traced_logits(frozen: FrozenPass, target: Target) -> TracedLogits:
    """The logits to trace.

    Raises:
        BadInput: an id outside the vocabulary; a layer, expert or position that is not there.
        ModelError: a text that is not one token; a router that is not linear in the MLP's input.
    """
    if isinstance(target, RouterLogits):
        return _routers(frozen, target.routers)
    if isinstance(target, TokenDifference):
        return _difference(frozen, target)
    probabilities = frozen.logits[-1].float().softmax(dim=-1)
    if isinstance(target, SalientTokens):
        chosen = _salient(probabilities, target)
    else:
        chosen = [_vocabulary_id(frozen, token) for token in target.tokens]
    unembedding = frozen.model.unembedding()
    columns = unembedding.weight[:, chosen].T
    bias = torch.zeros_like(columns[:, 0])
    if unembedding.bias is not None:
        bias = unembedding.bias[chosen] - unembedding.bias.mean()
    return TracedLogits(
        index=tuple(chosen),
        label=tuple(frozen.model.token_string(token) for token in chosen),
        probability=tuple(float(probabilities[token]) for token in chosen),
        reading=_read_at_the_end(frozen, columns - unembedding.mean(), bias),
        total=frozen.raw_logits[chosen] - frozen.raw_logits.mean(),
    )


def _salient(probabilities: Float[Tensor, " d_vocab"], target: SalientTokens) -> list[int]:
    top = probabilities.topk(min(target.most, len(probabilities)))
    reached = int((top.values.cumsum(0) < target.probability_mass).sum()) + 1
    return [int(token) for token in top.indices[:reached]]


def _difference(frozen: FrozenPass, target: TokenDifference) -> TracedLogits:
    first, second = (_vocabulary_id(frozen, token) for token in (target.target, target.foil))
    if first == second:
        raise BadInput("target difference", "two different tokens", repr(target.target))
    unembedding = frozen.model.unembedding()
    bias = torch.zeros_like(frozen.raw_logits[:1])
    if unembedding.bias is not None:
        bias = (unembedding.bias[first] - unembedding.bias[second])[None]
    direction = unembedding.weight[:, first] - unembedding.weight[:, second]
    names = [frozen.model.token_string(token) for token in (first, second)]
    return TracedLogits(
        index=(frozen.model.d_vocab,),
        label=(f"{names[0]} − {names[1]}",),  # noqa: RUF001  a minus sign
        probability=(1.0,),
        reading=_read_at_the_end(frozen, direction[None], bias),
        total=(frozen.raw_logits[first] - frozen.raw_logits[second])[None],
    )


def _vocabulary_id(frozen: FrozenPass, token: str | int) -> int:
    if isinstance(token, str):
        return frozen.model.token_id(token)
    if not 0 <= token < frozen.model.d_vocab:
        raise BadInput("target", f"a token id below {frozen.model.d_vocab}", str(token))
    return token


def _read_at_the_end(
    frozen: FrozenPass, direction: Float[Tensor, "logit d_model"], bias: Float[Tensor, " logit"]
) -> Reading:
    """Directions at the last position, read at the output of the final norm."""
    norm, scale = frozen.model.final_norm(), frozen.values[Site.FINAL_NORM_SCALE, 0][-1]
    depth = torch.full((len(direction),), after_all(frozen.model), device=direction.device)
    constants = {"unembed_bias": bias}
    if norm.bias is not None:
        constants["norm_bias"] = direction @ norm.bias
    gradient = norm.backward(direction) / scale
    last = torch.full_like(depth, frozen.length - 1)
    return Reading(Targets(depth, last, gradient), constants)


def _routers(frozen: FrozenPass, routers: tuple[RouterLogit, ...]) -> TracedLogits:
    traced = [_router(frozen, router) for router in routers]
    if len({(one.index, one.reading.targets.position.item()) for one in traced}) < len(traced):
        raise BadInput("router targets", "different ones", repr(routers))
    readings = [one.reading for one in traced]
    names = ("depth", "position", "gradient")
    return TracedLogits(
        index=tuple(one.index[0] for one in traced),
        label=tuple(one.label[0] for one in traced),
        probability=tuple(one.probability[0] for one in traced),
        reading=Reading(
            Targets(
                *(torch.cat([getattr(one.targets, name) for one in readings]) for name in names)
            ),
            {
                name: torch.cat([one.constants[name] for one in readings])
                for name in ("router_bias", "norm_bias")
            },
        ),
        total=torch.cat([one.total for one in traced]),
    )


def _router(frozen: FrozenPass, router: RouterLogit) -> TracedLogits:
    """One router's logit: its row for the expert, read at the MLP's input through the norm."""
    mixture, position = _mixture(frozen, router), router.position % frozen.length
    row, read = mixture.weight[[router.expert]], frozen.values[Site.MLP_INPUT, router.layer]
    norm, gradient, bias = frozen.model.mlp_norm(router.layer), row, torch.zeros_like(row[:, 0])
    constants = {"router_bias": bias, "norm_bias": bias}
    if norm is not None:
        gradient = norm.backward(row) / frozen.values[Site.MLP_NORM_SCALE, router.layer][position]
        if norm.bias is not None:
            constants["norm_bias"] = row @ norm.bias
    if mixture.bias is not None:
        constants["router_bias"] = mixture.bias[[router.expert]]
    logits = mixture.logits(read[[position]])[0]
    at = torch.tensor([router.layer, position], device=row.device)
    return TracedLogits(
        index=(frozen.model.d_vocab + 1 + router.layer * EXPERTS + router.expert,),
        label=(f"expert {router.expert} of layer {router.layer} at position {position}",),
        probability=(float(logits.softmax(dim=-1)[router.expert]),),
        reading=Reading(Targets(before_mlp(at[:1], frozen.model), at[1:], gradient), constants),
        total=logits[[router.expert]],
    )


def _mixture(frozen: FrozenPass, router: RouterLogit) -> Mixture:
    """The router's layer, if the target names an expert and a position that are there."""
    model, length = frozen.model, frozen.length
    if not 0 <= router.layer < model.layers:
        raise BadInput("router target", f"a layer below {model.layers}", str(router.layer))
    mixture = model.mixture(router.layer)
    if mixture is None:
        expected = f"a layer of {model.name} with experts and a router"
        raise BadInput("router target", expected, f"layer {router.layer}, which has none")
    if not 0 <= router.expert < mixture.count:
        raise BadInput("router target", f"an expert below {mixture.count}", str(router.expert))
    if not -length <= router.position < length:
        raise BadInput("router target", f"a position below {length}", str(router.position))
    if not mixture.is_linear_at(frozen.values[Site.MLP_INPUT, router.layer]):
        raise ModelError(
            f"{model.name} ({model.architecture}): layer {router.layer}, router",
            "logits that are linear in the MLP's input",
            "others",
            "its experts cannot be targets",
        )
    return mixture
