"""What attention heads give on prompts, to be put in place of what they give elsewhere.

Patching sets a head's output to the one that it has on another prompt; mean ablation, to its mean
over prompts, which takes away what the head says about this prompt and leaves what it always says.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int

from atlas.errors import BadInput
from atlas.models.language_model import LanguageModel
from atlas.models.sites import Site
from atlas.models.zero_positions import ZERO_POSITIONS


def head_output(
    model: LanguageModel,
    prompts: Sequence[Int[np.ndarray, " _position"]],
    head: tuple[int, int],
    position: int | None = None,
) -> Float[np.ndarray, " d_head"]:
    """The output of a head, (layer, number), at a position, averaged over prompts.

    Without a position, the mean over all positions but the first, each prompt weighing the same.
    Negative positions count from a prompt's end. The output is pattern times values, in the units
    of the values, before the output weights.

    Raises:
        BadInput: no prompt, one that is too short, or a head that the layer does not have.
        ModelError: a layer without heads.
    """
    if not prompts:
        raise BadInput("prompts to take a head's output from", "at least one", "none")
    layer, number = head
    place, total = (Site.HEAD_OUTPUT, layer), 0.0
    for ids in prompts:
        given = model.run(torch.from_numpy(ids)[None], read=[place]).values[place][0]
        if not 0 <= number < given.shape[1]:
            raise BadInput(f"head {layer}.{number}", f"below {given.shape[1]}", str(number))
        values = given[:, number].double().cpu().numpy()
        if position is None and len(values) > ZERO_POSITIONS:
            total = total + values[ZERO_POSITIONS:].mean(axis=0)
        elif position is not None and -len(values) <= position < len(values):
            total = total + values[position]
        else:
            expected = "two tokens" if position is None else f"a token at {position}"
            raise BadInput("prompt to take a head's output from", expected, f"{len(values)} tokens")
    return np.asarray(total / len(prompts))
