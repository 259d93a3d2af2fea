"""How the parts of a transformer block follow each other, and how TransformerLens calls them.

Four layouts exist: a norm before attention and MLP (Llama, GPT-2), norms before and after
(Gemma), norms after only (OLMo-2), and attention beside the MLP (GPT-NeoX), sometimes with one
norm for both (GPT-J).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from atlas.models.sites import Site

HOOKS: dict[Site, str] = {
    Site.EMBEDDING: "blocks.0.hook_in",
    Site.POSITION_EMBEDDING: "pos_embed.hook_out",
    Site.RESIDUAL_BEFORE: "blocks.{layer}.hook_in",
    Site.RESIDUAL_MIDDLE: "blocks.{layer}.{mlp_reader}.hook_in",
    Site.RESIDUAL_AFTER: "blocks.{layer}.hook_out",
    Site.ATTENTION_NORM_SCALE: "blocks.{layer}.{attention_norm}.hook_scale",
    Site.QUERY_NORM_SCALE: "blocks.{layer}.attn.q_norm.hook_scale",
    Site.KEY_NORM_SCALE: "blocks.{layer}.attn.k_norm.hook_scale",
    Site.ROTARY_COSINE: "blocks.{layer}.attn.hook_cos",
    Site.ROTARY_SINE: "blocks.{layer}.attn.hook_sin",
    Site.ATTENTION_SCORE: "blocks.{layer}.attn.hook_attn_scores",
    Site.ATTENTION_PATTERN: "blocks.{layer}.attn.hook_pattern",
    Site.HEAD_OUTPUT: "blocks.{layer}.attn.o.hook_in",
    Site.ATTENTION_POST_NORM_SCALE: "blocks.{layer}.{attention_post_norm}.hook_scale",
    Site.MLP_NORM_SCALE: "blocks.{layer}.{mlp_norm}.hook_scale",
    Site.MLP_NORMALIZED: "blocks.{layer}.{mlp_norm}.{normalized}",
    Site.MLP_INPUT: "blocks.{layer}.mlp.hook_in",
    Site.NEURON: "blocks.{layer}.mlp.out.hook_in",
    Site.MLP_OUTPUT: "blocks.{layer}.mlp.hook_out",
    Site.MLP_POST_NORM_SCALE: "blocks.{layer}.{mlp_post_norm}.hook_scale",
    Site.MLP_WRITE: "blocks.{layer}.{mlp_writer}.hook_out",
    Site.FINAL_NORM_SCALE: "ln_final.hook_scale",
    Site.FINAL_NORM_OUTPUT: "unembed.hook_in",
    Site.LOGITS: "unembed.hook_out",
}


@dataclass(frozen=True)
class BlockLayout:
    """The names of a block's norms, None where it has none at that place."""

    attention_norm: str | None
    attention_post_norm: str | None
    mlp_norm: str | None  # in a block with one norm for both, the attention's
    mlp_post_norm: str | None
    parallel: bool  # attention and MLP read the same stream
    normalized: str  # the hook of a norm that holds what `Site.MLP_NORMALIZED` means

    def hook_name(self, site: Site, layer: int) -> str | None:
        """TransformerLens' name of a place; None where this block has no such place."""
        needed = {
            Site.ATTENTION_NORM_SCALE: self.attention_norm,
            Site.ATTENTION_POST_NORM_SCALE: self.attention_post_norm,
            Site.MLP_NORM_SCALE: self.mlp_norm,
            Site.MLP_NORMALIZED: self.mlp_norm,
            Site.MLP_POST_NORM_SCALE: self.mlp_post_norm,
        }
        if needed.get(site, "") is None or (site is Site.RESIDUAL_MIDDLE and self.parallel):
            return None
        return HOOKS[site].format(
            layer=layer,
            attention_norm=self.attention_norm,
            attention_post_norm=self.attention_post_norm,
            mlp_norm=self.mlp_norm,
            mlp_post_norm=self.mlp_post_norm,
            mlp_reader=self.mlp_norm or "mlp",
            mlp_writer=self.mlp_post_norm or "mlp",
            normalized=self.normalized,
        )


def block_layout(block: Any, parallel: bool, centred: bool) -> BlockLayout:
    """The layout of a TransformerLens block whose norms subtract the mean or do not."""
    has = block._modules.__contains__
    normalized = "hook_out" if centred else "hook_normalized"
    if getattr(block, "mlp_reads_resid_directly", False):
        return BlockLayout(None, "ln1", None, "ln2", parallel, normalized)
    return BlockLayout(
        attention_norm="ln1",
        attention_post_norm="ln1_post" if has("ln1_post") else None,
        mlp_norm="ln2" if has("ln2") else "ln1",
        mlp_post_norm="ln2_post" if has("ln2_post") else None,
        parallel=parallel,
        normalized=normalized,
    )


def missing_part(block: Any) -> str | None:
    """What a block has in the place of a part that attribution needs; None if all are there."""
    parts = block._modules
    if "attn" not in parts or "ln1" not in parts:
        inside = ", ".join(name for name in parts if not name.startswith(("hook_", "_")))
        return f"no attention but {inside}, as in state-space or recurrent layers"
    if "mlp" not in parts:
        return "no MLP"
    attention = parts["attn"]._modules
    if "hook_kv_latent" in attention:
        return "latent attention, whose values pass a norm of their own on the way to the heads"
    if not {"hook_pattern", "v", "o"} <= set(attention):
        return "attention without values and outputs of their own"
    return None


def peculiarities(block: Any, config: Any) -> tuple[str, ...]:
    """What a block is known to do beside adding attention and MLP to the stream."""
    attention = block._modules["attn"]._modules
    scales = ("residual_multiplier", "scale_depth", "residual_contribution_scale")
    scaled = [getattr(owner, name, None) for owner in (config, block) for name in scales]
    found = {
        "a gate on the attention's output": "hook_q_gate" in attention or "gate" in attention,
        "a norm on the values": "v_norm" in attention,
        "scaled residual branches": any(scale not in (None, 1, 1.0) for scale in scaled),
        "clipped queries, keys and values": getattr(config, "clip_qkv", None) is not None,
    }
    return tuple(words for words, holds in found.items() if holds)
