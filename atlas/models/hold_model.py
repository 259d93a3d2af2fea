"""Holding a whole model: which of its modules have a matrix to hold, and what is left over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from atlas.errors import ModelError
from atlas.models.experts import ROUTER_NAMES
from atlas.models.held_experts import HeldExperts, is_experts
from atlas.models.held_weights import (
    Arithmetic,
    Held,
    HeldEmbedding,
    HeldLinear,
    HeldUnembedding,
    held_conv1d,
)


def hold(model: Any, arithmetic: Arithmetic, where: torch.device | None) -> None:
    """Hold a transformers model's matrices as they are, on a device or, with None, in their files.

    Raises:
        ModelError: matrices outside linear layers, embeddings, experts and routers, which
            TransformerLens reads in other ways.
    """
    outputs = model.get_output_embeddings()
    for parent in list(model.modules()):
        for name, module in list(parent.named_children()):
            if is_experts(module):
                setattr(parent, name, HeldExperts(module, arithmetic, where))
            elif (kind := _kind(module, outputs)) is not None:
                held = module.weight.detach()
                held = held if where is None else held.to(where)
                setattr(parent, name, kind(module, arithmetic, held))
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1 and parameter.numel() and not _of_router(name):
            raise ModelError(
                f"{type(model).__name__}: {name}",
                "matrices in linear layers, embeddings and experts, which can be held as they are",
                "one elsewhere",
                "load this architecture without --stream and in float32",
            )
        parameter.data = arithmetic.bring(parameter.data)
    for buffer in model.buffers():
        buffer.data = buffer.data.to(arithmetic.device)


@contextmanager
def shown_as_held(model: nn.Module) -> Iterator[None]:
    """Matrices are read as they are held meanwhile; TransformerLens takes fused ones apart so."""
    held = [module for module in model.modules() if isinstance(module, Held)]
    for module in held:
        module.as_it_is = True
    try:
        yield
    finally:
        for module in held:
            module.as_it_is = False


def hold_parts(bridge: nn.Module, arithmetic: Arithmetic) -> None:
    """Hold the queries, keys and values that TransformerLens took out of fused matrices.

    They are the only linear layers of a bridge whose matrices are not held. Where a part is no
    stretch of the fused matrix, as in GPT-NeoX, it is a copy in the same precision.
    """
    for part in list(bridge.modules()):
        original = part._modules.get("_original_component")
        if type(original) is nn.Linear:
            held = original.weight.detach()
            part.add_module("_original_component", HeldLinear(original, arithmetic, held))


def _kind(module: nn.Module, outputs: nn.Module | None) -> Any:
    """The class that holds such a module; None for one that has no matrix to hold."""
    if module is outputs:
        return HeldUnembedding
    if isinstance(module, nn.Embedding):
        return HeldEmbedding
    if isinstance(module, nn.Linear):
        return HeldLinear
    return held_conv1d() if type(module).__name__ == "Conv1D" else None


def _of_router(name: str) -> bool:
    """Whether a parameter is a router's: one row per expert."""
    return name.split(".")[-2:-1] in [[router] for router in ROUTER_NAMES]
