"""Starting a TransformerLens bridge from a folder or the hub, with errors a person can act on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from atlas.errors import ModelError, ModelUnavailable

DTYPES = {
    "float32": torch.float32,
    "float64": torch.float64,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


@dataclass(frozen=True)
class BridgeSettings:
    """Where and how the weights are held."""

    device: str = "cpu"  # a torch device
    dtype: str = "float32"  # graphs are checked to 1e-4, which half precision cannot hold
    revision: str | None = None  # hub commit; folders have none


def boot_bridge(reference: str, settings: BridgeSettings) -> tuple[Any, Any]:
    """A TransformerLens bridge and the tokenizer, from a folder or a hub id.

    Raises:
        ModelUnavailable: nothing to load under that name.
        ModelError: the dtype or the architecture is not supported.
    """
    if settings.dtype not in DTYPES:
        raise ModelError("dtype", f"one of {', '.join(DTYPES)}", settings.dtype)
    _check_device(settings.device)
    _check_folder(reference)
    # Six to eight seconds, so only when a model is wanted.
    import transformers
    from transformer_lens.model_bridge import TransformerBridge

    transformers.utils.logging.disable_progress_bar()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            reference, revision=settings.revision
        )
        bridge = TransformerBridge.boot_transformers(
            reference,
            device=settings.device,
            dtype=DTYPES[settings.dtype],
            revision=settings.revision,
        )
    except OSError as error:
        raise _unavailable(reference, error) from error
    except ValueError as error:
        raise ModelError(
            f"model {reference}", "an architecture that TransformerLens knows", _line(error)
        ) from error
    if not hasattr(bridge, "blocks"):
        raise ModelError(
            f"model {reference} ({bridge.cfg.architecture})",
            "one stack of layers that predicts the next token",
            "several stacks, as in an encoder and a decoder",
        )
    _give_weights_to_bare_norms(bridge)
    bridge.eval()
    for parameter in bridge.original_model.parameters():
        parameter.requires_grad_(False)
    return bridge, tokenizer


def _give_weights_to_bare_norms(bridge: Any) -> None:
    """Weights of 1 for norms that have none (OLMo).

    The model itself does not read them. TransformerLens does, once a hook has changed such a
    norm's scale.
    """
    for part in bridge.modules():
        norm = getattr(part, "original_component", None) if hasattr(part, "hook_scale") else None
        if norm is not None and not hasattr(norm, "weight"):
            ones = torch.ones(bridge.cfg.d_model, device=bridge.cfg.device, dtype=bridge.cfg.dtype)
            norm.register_buffer("weight", ones, persistent=False)


def _check_device(device: str) -> None:
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ModelError(
            "device", "cpu, or an accelerator that this machine has", device, _line(error)
        ) from error


def _check_folder(reference: str) -> None:
    """Refuse what can be no hub id and is no model folder, before anything slow is imported."""
    path = Path(reference).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise ModelUnavailable(
                f"model {reference}", "a folder with config.json", "a folder without it"
            )
        return
    if path.is_absolute() or reference.startswith(".") or reference.count("/") > 1:
        raise ModelUnavailable(
            f"model {reference}", "a folder with config.json", "no such folder", "check the path"
        )


def _unavailable(reference: str, error: Exception) -> ModelUnavailable:
    offline = os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0")
    if Path(reference).expanduser().is_dir():
        return ModelUnavailable(f"model {reference}", "a complete model folder", _line(error))
    return ModelUnavailable(
        f"model {reference}",
        "a folder, or a model on the hub or in its local cache",
        "no such folder, and the hub is switched off (HF_HUB_OFFLINE)"
        if offline
        else f"no such folder, and the hub gave: {_line(error)}",
        "download it once with network, or give the path of a Hugging Face folder",
    )


def _line(error: Exception) -> str:
    """The first line of a library's message, shortened."""
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:200]
