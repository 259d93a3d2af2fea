"""The units in which transcoders are trained: every layer's inputs and outputs of unit size."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


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
