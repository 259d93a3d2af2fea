"""One tiny model per architecture family: which class, which settings, which constants it has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

WIDTH = 24
TOKENS = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
SHAPE = {
    "hidden_size": WIDTH,
    "intermediate_size": 32,
    "num_attention_heads": 4,
    "max_position_embeddings": 32,
}
GROUPED = {"num_key_value_heads": 2}
WIDE_HEADS = {**GROUPED, "head_dim": 8}  # heads whose widths do not sum to the model's
SLIDING = {"sliding_window": 3}
LLAMA_3_ROPE = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8,
}
EXPERTS = {"num_experts_per_tok": 2}


@dataclass(frozen=True)
class Architecture:
    """A family as transformers builds it."""

    name: str  # `<name>Config` and `<name>ForCausalLM` of transformers, mostly
    settings: dict[str, Any]
    # What a graph's rows have beside the constants that every family has.
    constants: frozenset[str] = frozenset()
    config: str = ""
    names: dict[str, str] = field(default_factory=dict)  # settings that go by other names

    @property
    def class_name(self) -> str:
        """The class of transformers, as `config.json` has it."""
        return f"{self.name}LMHeadModel" if self.name == "GPT2" else f"{self.name}ForCausalLM"

    def build(self, layers: int, d_vocab: int):
        """The model with its own initialisation."""
        import transformers

        settings = {**SHAPE, "num_hidden_layers": layers, "vocab_size": d_vocab, **self.settings}
        if settings.pop("alternating", False):
            kinds = ["sliding_attention", "full_attention"]
            settings["layer_types"] = (kinds * layers)[:layers]
        named = {self.names.get(name, name): value for name, value in settings.items()}
        config = getattr(transformers, self.config or f"{self.name}Config")
        return getattr(transformers, self.class_name)(config(**named, **TOKENS))


GPT2_NAMES = {
    "hidden_size": "n_embd",
    "intermediate_size": "n_inner",
    "num_hidden_layers": "n_layer",
    "num_attention_heads": "n_head",
    "max_position_embeddings": "n_positions",
}
ATTENTION = frozenset({"attention_bias"})
NORMS = frozenset({"attention_bias", "norm_bias"})
LEARNED = NORMS | {"position_embedding"}

SUPPORTED: dict[str, Architecture] = {
    "llama": Architecture("Llama", {**GROUPED, "attention_bias": True}, ATTENTION),
    "llama-rope": Architecture("Llama", {**GROUPED, "rope_parameters": LLAMA_3_ROPE}),
    "gpt2": Architecture("GPT2", {}, LEARNED, names=GPT2_NAMES),
    "neox": Architecture("GPTNeoX", {"use_parallel_residual": True}, NORMS),
    "neox-sequential": Architecture("GPTNeoX", {"use_parallel_residual": False}, NORMS),
    "mistral": Architecture("Mistral", {**WIDE_HEADS, **SLIDING}),
    "qwen2": Architecture("Qwen2", GROUPED, ATTENTION),
    "qwen3": Architecture("Qwen3", {**WIDE_HEADS, "attention_bias": True}, ATTENTION),
    "gemma2": Architecture(
        "Gemma2",
        {**WIDE_HEADS, **SLIDING, "alternating": True, "final_logit_softcapping": 4.0},
    ),
    "gemma3": Architecture(
        "Gemma3", {**WIDE_HEADS, **SLIDING, "alternating": True}, config="Gemma3TextConfig"
    ),
    "olmo": Architecture("Olmo", GROUPED),
    "olmo2": Architecture("Olmo2", GROUPED),
    "gpt-oss": Architecture(
        "GptOss",
        {**WIDE_HEADS, **SLIDING, **EXPERTS, "alternating": True, "num_local_experts": 4},
        ATTENTION,
    ),
    "mixtral": Architecture("Mixtral", {**GROUPED, **EXPERTS, "num_local_experts": 4}),
    "olmoe": Architecture("Olmoe", {**GROUPED, **EXPERTS, "num_experts": 4}),
    "qwen3-moe": Architecture(
        "Qwen3Moe",
        {
            **WIDE_HEADS,
            **EXPERTS,
            "num_experts": 4,
            "moe_intermediate_size": 16,
            "norm_topk_prob": True,
        },
    ),
}
MIXTURES = ("gpt-oss", "mixtral", "olmoe", "qwen3-moe")

# Nothing in the engine knows these; they fit.
UNLISTED: dict[str, Architecture] = {
    "starcoder2": Architecture("Starcoder2", {**GROUPED, "use_bias": True}, NORMS),
    "phi3": Architecture("Phi3", GROUPED),
    # Positions as slopes added to the attention scores, and one value head for all.
    "falcon-alibi": Architecture(
        "Falcon", {"alibi": True, "multi_query": True, "parallel_attn": False}, NORMS
    ),
    "gptj": Architecture("GPTJ", {"rotary_dim": 4}, frozenset({"norm_bias"}), names=GPT2_NAMES),
}
LATENT = {
    "kv_lora_rank": 8,
    "q_lora_rank": 8,
    "qk_rope_head_dim": 4,
    "qk_nope_head_dim": 4,
    "v_head_dim": 6,
    "n_routed_experts": 4,
    "moe_intermediate_size": 16,
    "n_group": 1,
    "topk_group": 1,
}
GATED_OUTPUT = {
    "num_experts": 4,
    "moe_intermediate_size": 16,
    "shared_expert_intermediate_size": 16,
    "layer_types": ["full_attention"] * 3,
}
# And these do not: the layer and the part where the sums stop adding up, and why.
REFUSED: dict[str, tuple[Architecture, str]] = {
    "granite": (
        Architecture("Granite", {**GROUPED, "residual_multiplier": 0.5}),
        r"layer 0, attention: .* off by 100.0%; the architecture has scaled residual branches",
    ),
    "qwen3-next": (
        Architecture("Qwen3Next", {**WIDE_HEADS, **EXPERTS, **GATED_OUTPUT}),
        "layer 0, attention: .* the architecture has a gate on the attention's output",
    ),
    "deepseek-v2": (
        Architecture("DeepseekV2", {"num_key_value_heads": 4, **EXPERTS, **LATENT}),
        "layer 0: .* found latent attention",
    ),
    "mamba": (Architecture("Mamba", {}), "layer 0: .* no attention but norm, mixer"),
    "bloom": (
        Architecture("Bloom", {"n_head": 4, "n_layer": 3}),
        "layer 0, MLP output: .* off by",
    ),
    "opt": (
        Architecture("OPT", {"ffn_dim": 32, "word_embed_proj_dim": WIDTH}),
        "layer 0: expected a pass through mlp_input",
    ),
}
ALL = SUPPORTED | UNLISTED | {name: one for name, (one, _) in REFUSED.items()}
