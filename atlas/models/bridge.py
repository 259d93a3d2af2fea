"""Starting a TransformerLens bridge from a folder or the hub, with errors a person can act on."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from atlas.errors import ModelError, ModelUnavailable
from atlas.models.devices import check_device
from atlas.models.held_weights import Arithmetic
from atlas.models.hold_model import hold, hold_parts, shown_as_held

DTYPES = {
    "float32": torch.float32,
    "float64": torch.float64,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


@dataclass(frozen=True)
class BridgeSettings:
    """Where and how a model computes, and where and how its weights are held."""

    device: str = "cpu"  # cpu, cuda, cuda:N or mps
    dtype: str = "float32"  # of arithmetic; rows of graphs do not add up in half precision
    revision: str | None = None  # hub commit; folders have none
    # Precision that matrices are held in, to be converted one at a time; None: as arithmetic.
    weights: str | None = None
    stream: bool = False  # matrices stay in their files, mapped into memory

    @property
    def holds(self) -> bool:
        """Whether matrices are held otherwise than arithmetic needs them."""
        return self.stream or self.weights not in (None, self.dtype)


def boot_bridge(reference: str, settings: BridgeSettings) -> tuple[Any, Any]:
    """A TransformerLens bridge and the tokenizer, from a folder or a hub id.

    Raises:
        ModelUnavailable: nothing to load under that name.
        ModelError: the dtype or the architecture is not supported.
    """
    for dtype in (settings.dtype, settings.weights or settings.dtype):
        if dtype not in DTYPES:
            raise ModelError("dtype", f"one of {', '.join(DTYPES)}", dtype)
    check_device(settings.device)
    _check_folder(reference)
    bridge, tokenizer = _started(reference, settings)
    if not hasattr(bridge, "blocks"):
        raise ModelError(
            f"model {reference} ({bridge.cfg.architecture})",
            "one stack of layers that predicts the next token",
            "several stacks, as in an encoder and a decoder",
        )
    if settings.holds:
        hold_parts(bridge, _arithmetic(settings))
    _give_weights_to_bare_norms(bridge)
    bridge.eval()
    for parameter in bridge.original_model.parameters():
        parameter.requires_grad_(False)
    return bridge, tokenizer


def _started(reference: str, settings: BridgeSettings) -> tuple[Any, Any]:
    """The bridge and the tokenizer as TransformerLens starts them; errors as `boot_bridge`."""
    # Six to eight seconds, so only when a model is wanted.
    import transformers
    from transformer_lens.model_bridge import TransformerBridge

    transformers.utils.logging.disable_progress_bar()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            reference, revision=settings.revision
        )
        held = _held_model(reference, settings) if settings.holds else None
        with nullcontext() if held is None else shown_as_held(held):
            bridge = TransformerBridge.boot_transformers(
                reference,
                device=settings.device,
                dtype=DTYPES[settings.dtype],
                revision=settings.revision,
                hf_model=held,
            )
    except OSError as error:
        raise _unavailable(reference, error) from error
    except ValueError as error:
        raise ModelError(
            f"model {reference}", "an architecture that TransformerLens knows", _line(error)
        ) from error
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


def _held_model(reference: str, settings: BridgeSettings) -> Any:
    """The transformers model with its matrices held as the settings say."""
    import transformers

    config = transformers.AutoConfig.from_pretrained(
        reference, revision=settings.revision, output_attentions=True
    )
    if getattr(config, "pad_token_id", None) is None:
        config.pad_token_id = None  # transformers reads it whether it is there or not
    # In the precision of its files a tensor is the mapped file itself.
    model = transformers.AutoModelForCausalLM.from_pretrained(
        reference,
        config=config,
        revision=settings.revision,
        dtype="auto" if settings.weights is None else DTYPES[settings.weights],
        attn_implementation="eager",
        use_safetensors=True if settings.stream else None,
    )
    hold(model, _arithmetic(settings), None if settings.stream else torch.device(settings.device))
    return model


def _arithmetic(settings: BridgeSettings) -> Arithmetic:
    return Arithmetic(torch.device(settings.device), DTYPES[settings.dtype])


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
