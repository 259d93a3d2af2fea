"""A language model, its tokenizer and its linear weights behind one narrow class.

TransformerLens' `TransformerBridge` runs the model; this is the only file that knows the names of
its hooks and, with `query_key_weights`, its parameters.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.errors import BadInput, ModelError
from atlas.models.bridge import BridgeSettings, boot_bridge
from atlas.models.query_key_weights import QueryKeyWeights, read_query_key
from atlas.models.sites import ONCE, OPTIONAL_IN_ATTENTION, Site
from atlas.models.tokenizer import Tokenizer
from atlas.models.tokens import Tokens
from atlas.models.weights import AttentionWeights, NormWeights, Unembedding, detached

Place = tuple[Site, int]
"""A site and its layer; the layer is 0 for sites that exist once."""
Edit = Callable[[Tensor], Tensor]
"""Takes the value at a place, gives the value that the model goes on with."""

HOOKS: dict[Site, str] = {
    Site.EMBEDDING: "blocks.0.hook_in",
    Site.POSITION_EMBEDDING: "pos_embed.hook_out",
    Site.RESIDUAL_BEFORE: "blocks.{layer}.hook_in",
    Site.RESIDUAL_MIDDLE: "blocks.{layer}.ln2.hook_in",
    Site.RESIDUAL_AFTER: "blocks.{layer}.hook_out",
    Site.ATTENTION_NORM_SCALE: "blocks.{layer}.ln1.hook_scale",
    Site.QUERY_NORM_SCALE: "blocks.{layer}.attn.q_norm.hook_scale",
    Site.KEY_NORM_SCALE: "blocks.{layer}.attn.k_norm.hook_scale",
    Site.ROTARY_COSINE: "blocks.{layer}.attn.hook_cos",
    Site.ROTARY_SINE: "blocks.{layer}.attn.hook_sin",
    Site.ATTENTION_SCORE: "blocks.{layer}.attn.hook_attn_scores",
    Site.ATTENTION_PATTERN: "blocks.{layer}.attn.hook_pattern",
    Site.ATTENTION_POST_NORM_SCALE: "blocks.{layer}.ln1_post.hook_scale",
    Site.MLP_NORM_SCALE: "blocks.{layer}.ln2.hook_scale",
    Site.MLP_NORMALIZED: "blocks.{layer}.ln2.hook_normalized",
    Site.MLP_INPUT: "blocks.{layer}.mlp.hook_in",
    Site.MLP_OUTPUT: "blocks.{layer}.mlp.hook_out",
    Site.MLP_POST_NORM_SCALE: "blocks.{layer}.ln2_post.hook_scale",
    Site.MLP_WRITE: "blocks.{layer}.mlp.hook_out",
    Site.FINAL_NORM_SCALE: "ln_final.hook_scale",
    Site.FINAL_NORM_OUTPUT: "unembed.hook_in",
    Site.LOGITS: "unembed.hook_out",
}


@dataclass(frozen=True)
class Pass:
    """What one forward pass gave: the logits and the values at the places that were asked for."""

    logits: Float[Tensor, "batch position d_vocab"]
    values: dict[Place, Tensor]


class LanguageModel:
    """A causal language model with a tokenizer. Final.

    Load it with `LanguageModel.load`. Methods run without gradients unless one is asked for them.
    """

    def __init__(self, bridge: Any, tokenizer: Any, name: str) -> None:
        self._bridge = bridge
        # Looked up once: TransformerLens gathers its hooks anew at every access, which takes
        # longer than a forward pass of a small model.
        self._hook_points: dict[str, Any] = dict(bridge.hook_dict)
        self.name = name
        self.tokenizer = Tokenizer(tokenizer, name)
        config = bridge.cfg
        self.layers = int(config.n_layers)
        self.d_model = int(config.d_model)
        self.heads = int(config.n_heads)
        self.d_vocab = int(bridge.W_U.shape[1])
        self.context = int(config.n_ctx)
        self.architecture = str(config.architecture)
        self.device = torch.device(config.device)
        self.dtype: torch.dtype = config.dtype
        self.parallel_blocks = bool(config.parallel_attn_mlp)
        self.centred_norms = not bool(config.uses_rms_norm)

    @classmethod
    def load(
        cls,
        reference: str,
        device: str = "cpu",
        dtype: str = "float32",
        revision: str | None = None,
    ) -> LanguageModel:
        """The model in a Hugging Face folder, or under a hub id and revision.

        Works without network for folders and for hub ids in the local cache.

        Raises:
            ModelUnavailable: neither a folder nor a model that the hub or its cache can give.
            ModelError: the architecture or the dtype is not supported.
        """
        bridge, tokenizer = boot_bridge(str(reference), BridgeSettings(device, dtype, revision))
        return cls(bridge, tokenizer, str(reference))

    def tokenize(self, text: str) -> Tokens:
        """The prompt's tokens with the first-token rule; see `Tokenizer.tokenize`."""
        return self.tokenizer.tokenize(text)

    def token_id(self, string: str) -> int:
        """The id of a string that is one token; ModelError otherwise."""
        return self.tokenizer.token_id(string)

    def token_string(self, token: int) -> str:
        """One token as text."""
        return self.tokenizer.string(token)

    def logits(self, ids: Int[Tensor, "batch position"]) -> Float[Tensor, "batch position d_vocab"]:
        """The model's logits at every position."""
        return self.run(ids).logits

    def run(
        self,
        ids: Int[Tensor, "batch position"],
        read: Iterable[Place] = (),
        edits: Mapping[Place, Edit] | None = None,
        gradients: bool = False,
    ) -> Pass:
        """One forward pass that reads values and edits them on the way.

        An edit sees the value as earlier edits made it; a read sees the value after its edit.
        Rows of different length are padded on the right: attention is causal, so the padding
        never reaches a real token. With `gradients` the logits can be differentiated with respect
        to what the edits put in; the model's own weights never take gradients.

        Raises:
            BadInput: the ids are longer than the context or not in the vocabulary.
            ModelError: the model has no such place.
        """
        self._check_ids(ids)
        values: dict[Place, Tensor] = {}
        places = dict.fromkeys([*(edits or {}), *read])
        wanted = set(read)
        points = {place: self._hook_point(place) for place in places}
        level = self._bridge.context_level + 1
        with warnings.catch_warnings(), torch.set_grad_enabled(gradients):
            # Holding a norm's scale makes TransformerLens recompute the norm from its parts and
            # say so; that is what was asked for, and the difference is rounding.
            warnings.filterwarnings("ignore", message="A forward hook edited hook_scale")
            try:
                for place, point in points.items():
                    hook = _hook(place, (edits or {}).get(place), wanted, values)
                    point.add_hook(hook, dir="fwd", level=level)
                logits = self._bridge(ids.to(self.device), return_type="logits")
            finally:
                for point in points.values():
                    point.remove_hooks("fwd", level=level)
        return Pass(logits, values)

    def has(self, site: Site, layer: int = 0) -> bool:
        """Whether the model has this place."""
        block = self._bridge.blocks[layer]
        if site is Site.POSITION_EMBEDDING:
            return hasattr(self._bridge, "pos_embed")
        if site is Site.RESIDUAL_MIDDLE:
            return not self.parallel_blocks
        if site is Site.ATTENTION_POST_NORM_SCALE:
            return _part(block, "ln1_post") is not None
        if site is Site.MLP_POST_NORM_SCALE:
            return _part(block, "ln2_post") is not None
        if site in OPTIONAL_IN_ATTENTION:
            return HOOKS[site].format(layer=layer) in self._hook_points
        return True

    def attention(self, layer: int) -> AttentionWeights:
        """The value and output weights of one layer."""
        part = self._bridge.blocks[layer].attn
        bias = detached(part.b_V)
        value = part.W_V.detach()
        if bias is not None:
            bias = bias.reshape(value.shape[0], value.shape[2])
        return AttentionWeights(value, bias, part.W_O.detach(), detached(part.b_O))

    def query_key(self, layer: int) -> QueryKeyWeights:
        """The query and key weights of one layer; ModelError for kinds that are not known."""
        config = self._bridge.cfg
        return read_query_key(
            self._bridge.blocks[layer].attn, config, self._norm, f"{self.name}: layer {layer}"
        )

    def attention_norm(self, layer: int) -> NormWeights:
        """The norm that the attention reads through."""
        return self._norm(self._bridge.blocks[layer].ln1)

    def mlp_norm(self, layer: int) -> NormWeights:
        """The norm that the MLP reads through."""
        block = self._bridge.blocks[layer]
        return self._norm(_part(block, "ln2") or block.ln1)

    def attention_post_norm(self, layer: int) -> NormWeights | None:
        """The norm on the attention's output, where there is one (Gemma)."""
        part = _part(self._bridge.blocks[layer], "ln1_post")
        return None if part is None else self._norm(part)

    def mlp_post_norm(self, layer: int) -> NormWeights | None:
        """The norm on the MLP's output, where there is one (Gemma)."""
        part = _part(self._bridge.blocks[layer], "ln2_post")
        return None if part is None else self._norm(part)

    def final_norm(self) -> NormWeights:
        """The norm before the unembedding."""
        return self._norm(self._bridge.ln_final)

    def unembedding(self) -> Unembedding:
        """The unembedding matrix and its bias."""
        return Unembedding(self._bridge.W_U.detach(), detached(self._bridge.b_U))

    def _norm(self, part: Any) -> NormWeights:
        weight = part.weight.detach()
        if getattr(self._bridge.cfg, "rmsnorm_uses_offset", False):
            weight = weight + 1
        bias = getattr(part.original_component, "bias", None)
        return NormWeights(weight, detached(bias), not part.uses_rms_norm)

    def _hook_point(self, place: Place) -> Any:
        return self._hook_points[self._hook_name(place)]

    def _hook_name(self, place: Place) -> str:
        site, layer = place
        if not 0 <= layer < self.layers or (site in ONCE and layer != 0):
            raise ModelError(
                f"{self.name}: {site.value}", f"a layer below {self.layers}", f"layer {layer}"
            )
        if not self.has(site, layer):
            raise ModelError(
                f"{self.name}: layer {layer}", f"a place {site.value}", "none in this architecture"
            )
        name = HOOKS[site]
        block = self._bridge.blocks[layer]
        if site is Site.MLP_WRITE and _part(block, "ln2_post") is not None:
            name = "blocks.{layer}.ln2_post.hook_out"
        if site is Site.MLP_NORMALIZED and self.centred_norms:
            name = "blocks.{layer}.ln2.hook_out"
        if _part(block, "ln2") is None:
            name = name.replace(".ln2.", ".ln1.")
        return name.format(layer=layer)

    def _check_ids(self, ids: Tensor) -> None:
        if ids.ndim != 2 or ids.shape[0] == 0 or ids.shape[1] == 0:
            raise BadInput("token ids", "at least one row and one position", f"{tuple(ids.shape)}")
        if ids.shape[1] > self.context:
            raise BadInput(
                "prompt",
                f"at most {self.context} tokens, the context of {self.name}",
                f"{ids.shape[1]}",
                "shorten it",
            )
        low, high = int(ids.min()), int(ids.max())
        if low < 0 or high >= self.d_vocab:
            raise BadInput(
                "token ids",
                f"ids from 0 to {self.d_vocab - 1}",
                f"{low if low < 0 else high}",
                f"use the tokenizer of {self.name}",
            )


def _hook(
    place: Place, edit: Edit | None, wanted: set[Place], values: dict[Place, Tensor]
) -> Callable[..., Tensor | None]:
    def hook(value: Tensor, hook: Any) -> Tensor | None:
        new = value if edit is None else edit(value)
        if place in wanted:
            values[place] = new.detach()
        return None if edit is None else new

    return hook


def _part(block: Any, name: str) -> Any | None:
    """A block's component, None if the architecture has none of that name."""
    return block._modules.get(name)
