"""A language model, its tokenizer and its linear weights behind one narrow class.

TransformerLens' `TransformerBridge` runs the model; only this file, `layout`, `experts`,
`mlp_weights` and `query_key_weights` know the names of its hooks and parameters.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.errors import ModelError
from atlas.models.bridge import BridgeSettings, boot_bridge
from atlas.models.experts import Mixture, mixture_of
from atlas.models.held_weights import Arithmetic
from atlas.models.layout import block_layout, missing_part, peculiarities
from atlas.models.mlp_weights import MlpWeights, read_mlp
from atlas.models.query_key_weights import QueryKeyWeights, read_query_key
from atlas.models.sites import ONCE, OPTIONAL_INSIDE, Site
from atlas.models.token_ids import check_ids
from atlas.models.tokenizer import Tokenizer
from atlas.models.tokens import Tokens
from atlas.models.weights import AttentionWeights, NormWeights, Unembedding, detached

Place = tuple[Site, int]
"""A site and its layer; the layer is 0 for sites that exist once."""
Edit = Callable[[Tensor], Tensor]
"""Takes the value at a place, gives the value that the model goes on with."""


@dataclass(frozen=True)
class Pass:
    """What one forward pass gave: the logits and the values at the places that were asked for."""

    logits: Float[Tensor, "batch position d_vocab"]
    values: dict[Place, Tensor]


class KeyValueCache:
    """Keys and values of the tokens that a batch has passed; each pass with it appends. Final."""

    def __init__(self) -> None:
        self.length = 0  # tokens per row so far
        self.held: Any = None  # as transformers keeps them


class LanguageModel:
    """A causal language model with a tokenizer. Final.

    Load it with `LanguageModel.load`. Methods run without gradients unless one is asked for them.
    """

    def __init__(self, bridge: Any, tokenizer: Any, name: str, settings: BridgeSettings) -> None:
        self._bridge = bridge
        self.settings = settings
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
        self._layouts = tuple(
            block_layout(block, self.parallel_blocks, self.centred_norms) for block in bridge.blocks
        )

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
        return cls.open(reference, BridgeSettings(device, dtype, revision))

    @classmethod
    def open(cls, reference: str, settings: BridgeSettings) -> LanguageModel:
        """As `load`, with all that can be said of how weights are held.

        Raises:
            ModelUnavailable, ModelError: as `load`; see `held_weights.hold`, too.
        """
        bridge, tokenizer = boot_bridge(str(reference), settings)
        return cls(bridge, tokenizer, str(reference), settings)

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
        cache: KeyValueCache | None = None,
    ) -> Pass:
        """One forward pass that reads values and edits them on the way.

        With a cache the ids go on after those that it has seen, and only they run; ask
        `tried_once.cache_is_exact` before.

        An edit sees the value as earlier edits made it; a read sees the value after its edit.
        Rows of different length are padded on the right: attention is causal, so the padding
        never reaches a real token. With `gradients` the logits can be differentiated with respect
        to what the edits put in; the model's own weights never take gradients.

        Raises:
            BadInput: the ids are longer than the context or not in the vocabulary.
            ModelError: the model has no such place.
        """
        check_ids(
            ids, 0 if cache is None else cache.length, (self.context, self.d_vocab), self.name
        )
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
                    read_into = values if place in wanted else None
                    hook = partial(_at_place, place, (edits or {}).get(place), read_into)
                    point.add_hook(hook, dir="fwd", level=level)
                logits = self._forward(ids.to(self.device), cache)
            finally:
                for point in points.values():
                    point.remove_hooks("fwd", level=level)
        return Pass(logits, values)

    def _forward(self, ids: Tensor, cache: KeyValueCache | None) -> Tensor:
        if cache is None:
            return torch.as_tensor(self._bridge(ids, return_type="logits"))
        logits, cache.held = self._bridge(
            ids, return_type="logits_and_cache", use_cache=True, past_key_values=cache.held
        )
        cache.length += ids.shape[1]
        return torch.as_tensor(logits)

    def has(self, site: Site, layer: int = 0) -> bool:
        """Whether the model has this place."""
        if site is Site.POSITION_EMBEDDING:
            return hasattr(self._bridge, "pos_embed")
        name = self._layouts[layer].hook_name(site, layer)
        if site in OPTIONAL_INSIDE:
            return name in self._hook_points
        return name is not None

    def missing_part(self, layer: int) -> str | None:
        """What a layer has in the place of a part that attribution needs; None if all are there."""
        return missing_part(self._bridge.blocks[layer])

    def peculiarities(self, layer: int) -> tuple[str, ...]:
        """What a layer is known to do beside adding attention and MLP to the stream."""
        return peculiarities(self._bridge.blocks[layer], self._bridge.cfg)

    def attention(self, layer: int) -> AttentionWeights:
        """The value and output weights of one layer."""
        part = self._bridge.blocks[layer].attn
        bias = detached(part.b_V)
        value = part.W_V.detach()
        if bias is not None:
            bias = bias.reshape(value.shape[0], value.shape[2])
        return AttentionWeights(value, bias, part.W_O.detach(), detached(part.b_O))

    def neuron_output(self, layer: int) -> Float[Tensor, "neuron d_model"]:
        """What each neuron of a layer writes per unit of activation, before a post-norm."""
        self._hook_name((Site.NEURON, layer))
        weight: Tensor = self._bridge.blocks[layer].mlp.W_out.detach()
        return weight

    def query_key(self, layer: int) -> QueryKeyWeights:
        """The query and key weights of one layer; ModelError for kinds that are not known."""
        config = self._bridge.cfg
        return read_query_key(
            self._bridge.blocks[layer].attn, config, self._norm, f"{self.name}: layer {layer}"
        )

    def mlp_weights(self, layer: int) -> MlpWeights:
        """The neurons of one layer; ModelError for experts and for kinds that are not known."""
        return read_mlp(self._bridge.blocks[layer].mlp, f"{self.name}: layer {layer}")

    def mixture(self, layer: int) -> Mixture | None:
        """The layer's experts and their router; None where there are none."""
        return mixture_of(self._bridge.blocks[layer].mlp, self.d_model)

    def attention_norm(self, layer: int) -> NormWeights | None:
        """The norm that the attention reads through; None where it reads the stream (OLMo-2)."""
        return self._norm_of_block(layer, self._layouts[layer].attention_norm)

    def mlp_norm(self, layer: int) -> NormWeights | None:
        """The norm that the MLP reads through; None where it reads the stream (OLMo-2)."""
        return self._norm_of_block(layer, self._layouts[layer].mlp_norm)

    def attention_post_norm(self, layer: int) -> NormWeights | None:
        """The norm on the attention's output, where there is one (Gemma, OLMo-2)."""
        return self._norm_of_block(layer, self._layouts[layer].attention_post_norm)

    def mlp_post_norm(self, layer: int) -> NormWeights | None:
        """The norm on the MLP's output, where there is one (Gemma, OLMo-2)."""
        return self._norm_of_block(layer, self._layouts[layer].mlp_post_norm)

    def final_norm(self) -> NormWeights:
        """The norm before the unembedding."""
        return self._norm(self._bridge.ln_final)

    def unembedding(self) -> Unembedding:
        """The unembedding matrix and its bias."""
        arithmetic = Arithmetic(self.device, self.dtype)
        return Unembedding(self._bridge.W_U.detach(), detached(self._bridge.b_U), arithmetic)

    @property
    def precision(self) -> str:
        """That of arithmetic, and after a slash that of the weights if they were rounded to it."""
        held = self.settings.weights
        arithmetic = str(self.dtype).removeprefix("torch.")
        return arithmetic if held in (None, self.settings.dtype) else f"{arithmetic}/{held}"

    def _norm_of_block(self, layer: int, name: str | None) -> NormWeights | None:
        return None if name is None else self._norm(self._bridge.blocks[layer]._modules[name])

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
        name = self._layouts[layer].hook_name(site, layer)
        if name is None or not self.has(site, layer):
            raise ModelError(
                f"{self.name}: layer {layer}", f"a place {site.value}", "none in this architecture"
            )
        return name


def _at_place(
    place: Place, edit: Edit | None, read: dict[Place, Tensor] | None, value: Tensor, hook: Any
) -> Tensor | None:
    """A hook of TransformerLens, once its first three arguments are given."""
    new = value if edit is None else edit(value)
    if read is not None:
        read[place] = new.detach()
    return None if edit is None else new
