"""Weights that are held in half precision, or stay in their files, while arithmetic is in full.

A matrix comes to the device and to full precision when its layer runs or somebody reads it, and is
given up after that; of embedding and unembedding only the rows that are needed come, or a stretch
of rows at a time. What stays in a safetensors file is mapped into memory: the process owns none of
it, and the system can take back what it has read whenever memory is short. So a model costs the
memory of its largest matrix, not of their sum.

Norms, biases and the routers of mixtures are small and are converted once. Accelerate's off-loading
is not used: its hooks serve a module's own forward pass, and both TransformerLens and attribution
read weights outside of it (TransformerLens refuses models that are dispatched to a disk).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

ROWS = 8192
"""Tokens of the vocabulary that are brought at a time: 75 MB at a width of 2304."""


@dataclass(frozen=True)
class Arithmetic:
    """Where and in what precision a model computes."""

    device: torch.device
    dtype: torch.dtype

    def bring(self, held: Tensor) -> Tensor:
        """The numbers, ready for arithmetic; the same tensor where they are already."""
        # To the device first: half precision is half as much to carry.
        return held.to(self.device).to(self.dtype)

    def fits(self, tensor: Tensor) -> bool:
        """Whether a tensor is ready as it is."""
        return tensor.dtype == self.dtype and tensor.device.type == self.device.type


def stretches(count: int) -> Iterator[slice]:
    """Consecutive rows of the vocabulary, as many at a time as are brought together."""
    for start in range(0, count, ROWS):
        yield slice(start, min(start + ROWS, count))


class Held:
    """A matrix that is brought anew each time that it is read; shown as it is held on request."""

    arithmetic: Arithmetic
    held: Tensor
    as_it_is = False

    def read(self) -> Tensor:
        """The matrix."""
        return self.held if self.as_it_is else self.arithmetic.bring(self.held)


class HeldLinear(Held, nn.Linear):
    """A linear layer whose `weight` is held. Final."""

    def __init__(self, linear: nn.Linear, arithmetic: Arithmetic, held: Tensor) -> None:
        # The parent's would make a weight of its own.
        nn.Module.__init__(self)
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.arithmetic, self.held = arithmetic, held
        bias = None if linear.bias is None else _parameter(linear.bias, arithmetic)
        self.register_parameter("bias", bias)

    @property
    def weight(self) -> Float[Tensor, "outputs inputs"]:  # type: ignore[override]
        """The matrix in full precision: a new one at each reading."""
        return self.read()


@cache
def held_conv1d() -> type[nn.Module]:
    """The class of GPT-2's linear layers, whose matrix is held inputs first."""
    # transformers takes seconds, so only when a model is wanted.
    from transformers.pytorch_utils import Conv1D as Published

    class Conv1D(Held, Published):  # type: ignore[misc]
        """TransformerLens tells how a matrix lies by this name, too."""

        def __init__(self, layer: Published, arithmetic: Arithmetic, held: Tensor) -> None:
            nn.Module.__init__(self)
            self.nf, self.nx = layer.nf, layer.nx
            self.arithmetic, self.held = arithmetic, held
            self.register_parameter("bias", _parameter(layer.bias, arithmetic))

        @property
        def weight(self) -> Float[Tensor, "inputs outputs"]:
            return self.read()

    return Conv1D


class HeldUnembedding(nn.Module):
    """An unembedding that computes logits some thousand tokens at a time. Final.

    Its `weight` is the matrix as it is held; see `Unembedding`.
    """

    def __init__(self, linear: nn.Linear, arithmetic: Arithmetic, held: Tensor) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.arithmetic, self.weight = arithmetic, held
        # Without one TransformerLens would make it, in the precision of the weight.
        bias = torch.zeros(len(held)) if linear.bias is None else linear.bias
        self.bias = _parameter(bias, arithmetic)

    def forward(self, x: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row d_vocab"]:
        """The logits."""
        # Room for all is made first: what is kept between the stretches would keep freed memory
        # from being used for the next one.
        logits = x.new_empty(*x.shape[:-1], len(self.weight))
        for rows in stretches(len(self.weight)):
            columns = self.arithmetic.bring(self.weight[rows])
            logits[..., rows] = nn.functional.linear(x, columns, self.bias[rows])
        return logits


class HeldEmbedding(nn.Module):
    """An embedding of which only the rows of the tokens at hand are brought. Final."""

    def __init__(self, embedding: nn.Embedding, arithmetic: Arithmetic, held: Tensor) -> None:
        super().__init__()
        self.arithmetic, self.weight = arithmetic, held
        # What the layer does besides, such as Gemma's scale, it goes on doing.
        empty = torch.zeros(0, held.shape[1], device=arithmetic.device, dtype=arithmetic.dtype)
        embedding.weight = nn.Parameter(empty, requires_grad=False)
        embedding.padding_idx = None  # it matters for gradients only
        scale: Any = getattr(embedding, "scalar_embed_scale", None)
        if scale is not None:  # kept as a buffer, which was rounded when the weights were loaded
            embedding.register_buffer("embed_scale", torch.tensor(scale).to(empty))
        self.layer = embedding

    def forward(self, ids: Int[Tensor, "*row"]) -> Float[Tensor, "*row d_model"]:
        """The embeddings of some tokens."""
        tokens, places = torch.unique(ids, return_inverse=True)  # type: ignore[no-untyped-call]
        rows = self.arithmetic.bring(self.weight[tokens.to(self.weight.device)])
        given = torch.func.functional_call(self.layer, {"weight": rows}, (places,))
        return torch.as_tensor(given)


def _parameter(tensor: Tensor, arithmetic: Arithmetic) -> nn.Parameter:
    return nn.Parameter(arithmetic.bring(tensor.detach()), requires_grad=False)
