"""The devices that torch can compute on here, and how much memory is free on them."""

from __future__ import annotations

import re

import torch

from atlas.errors import ModelError

DEVICE = re.compile(r"cpu|cuda(:\d+)?|mps")


def devices() -> list[str]:
    """The names of this machine's devices, the processor first."""
    found = ["cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
    return [*found, "mps"] if torch.backends.mps.is_available() else found


def check_device(name: str) -> None:
    """Refuse a device that this machine does not have.

    Raises:
        ModelError: it says which devices there are.
    """
    there = devices()
    if DEVICE.fullmatch(name) and (name in there or f"{name}:0" in there):
        return
    raise ModelError("device", f"one that this machine has: {', '.join(there)}", name)


def free_on(device: str) -> int | None:
    """Bytes free on an accelerator; None where it shares the processor's memory."""
    return int(torch.cuda.mem_get_info(device)[0]) if device.startswith("cuda") else None
