"""A model's own MLP neurons as a dictionary: graphs without any trained features.

A neuron is a feature whose encoder is its row of W_in and whose decoder is its column of W_out. Its
pre-activation p = W_in x + b_in is linear in what it reads, so a row explains it exactly:

    plain MLP:  activation f(p); like a transcoder's feature, it is explained by p
    gated MLP:  activation f(W_gate x + b_gate) · p, with the gate f(…) held at its value

Holding the gate is a choice: the gate is a second reading of the same stream, and a product has no
exact split between its factors. It is held as attention patterns are, which are gates between
positions. Why a gate is open can be asked for separately, as a target of its own.

Every neuron is active to some degree. A neuron is a node where it writes enough,

    |activation| · ‖column of W_out‖  >  share · ‖Σ activation · column of W_out‖

the right side summed over all neurons of the layer at this position, biases left out. What the
other neurons write is the layer's error, so nothing is lost and rows stay exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from atlas.errors import BadInput
from atlas.models.activation_functions import ActivationFunction
from atlas.models.coders import SingleLayerCoder
from atlas.models.dictionaries import MlpDictionary
from atlas.models.language_model import LanguageModel
from atlas.models.mlp_weights import MlpWeights
from atlas.models.sites import Site

SHARE = 0.02
"""Of the norm of a layer's output at a position; a neuron that writes less is part of the error."""
PREFIX = "neurons"


@dataclass(frozen=True)
class Nonlinearity(ActivationFunction):
    """The function of an MLP, on each neuron by itself."""

    function: Callable[[Tensor], Tensor]

    def apply(self, pre: Float[Tensor, "*row feature"]) -> Float[Tensor, "*row feature"]:
        """The function's values."""
        return self.function(pre)

    def of_features(self, features: Sequence[int]) -> Nonlinearity:
        """Itself: each neuron stands alone."""
        return self

    def name(self) -> str:
        """The name of its class."""
        return type(self.function).__name__


@dataclass(frozen=True)
class NeuronCoder(SingleLayerCoder):
    """One layer's neurons; those that write too little count as inactive. Final."""

    activation: Nonlinearity
    W_gate: Float[Tensor, "feature d_model"] | None
    b_gate: Float[Tensor, " feature"]
    share: float  # of the norm of the layer's output, 0 to 1

    def read(
        self, x: Float[Tensor, "*row d_model"]
    ) -> tuple[Float[Tensor, "*row feature"], Float[Tensor, "*row feature"]]:
        """Pre-activations, and activations of the neurons that write enough."""
        pre = self.pre_activations(x)
        if self.W_gate is None:
            every = self.activation.apply(pre)
        else:
            every = self.activation.apply(x @ self.W_gate.T + self.b_gate) * pre
        written = (every @ self.W_dec).norm(dim=-1, keepdim=True)
        return pre, every * (every.abs() * self.W_dec.norm(dim=1) > self.share * written)

    def encode_features(
        self, x: Float[Tensor, "*row d_model"], features: Sequence[int]
    ) -> Float[Tensor, "*row chosen"]:
        """The activations of some; the others are needed for the size of the output."""
        return self.encode(x)[..., list(features)]


@dataclass(frozen=True)
class Neurons(MlpDictionary):
    """The neurons of every layer of a model. Final."""

    layers: tuple[NeuronCoder, ...]


def neurons_of(model: LanguageModel, share: float = SHARE) -> Neurons:
    """The model's neurons as a dictionary named `neurons:<share>`.

    Raises:
        BadInput: a share below 0, or 1 and more.
        ModelError: a layer with experts, or with an MLP of an unknown kind.
    """
    if not 0 <= share < 1:
        raise BadInput("neurons", "a share of the output's norm from 0 to below 1", str(share))
    layers = tuple(_coder(model.mlp_weights(layer), share) for layer in range(model.layers))
    name = f"{PREFIX}:{share:g}"
    return Neurons(name, Site.MLP_INPUT, Site.MLP_OUTPUT, layers, model_name=model.name)


def share_in(name: str) -> float | None:
    """The share in `neurons` or `neurons:<share>`; None for the name of another dictionary."""
    kind, colon, share = name.partition(":")
    if kind != PREFIX:
        return None
    try:
        return float(share) if colon else SHARE
    except ValueError as error:
        raise BadInput(
            "dictionary", "neurons or neurons:SHARE, as in neurons:0.05", name
        ) from error


def _coder(weights: MlpWeights, share: float) -> NeuronCoder:
    return NeuronCoder(
        W_enc=weights.read,
        b_enc=weights.read_bias,
        W_dec=weights.write,
        b_dec=weights.write_bias,
        activation=Nonlinearity(weights.function),
        W_gate=weights.gate,
        b_gate=weights.gate_bias,
        share=share,
    )
