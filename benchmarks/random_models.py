"""Random models and dictionaries of any size, as ordinary folders, from a seed.

Their weights are large enough that the models behave like trained ones where speed and rounding
are concerned: attention is not uniform, and each layer has about as many active features per token
as is asked for. Encoder biases are set for that on random tokens.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import NormalDist
from typing import Any

import torch
import transformers
from jaxtyping import Float
from torch import Tensor

from atlas.models.activation_functions import ActivationFunction, ReLU, TopK
from atlas.models.checkpoints import circuit_tracer, saelens_save
from atlas.models.coders import CrossLayerCoder, Skip, SparseAutoencoder, Transcoder
from atlas.models.dictionaries import (
    CrossLayerTranscoder,
    MlpDictionary,
    SparseAutoencoderSet,
    TranscoderSet,
)
from atlas.models.language_model import LanguageModel
from atlas.models.sites import Site

CALIBRATION = (8, 32)  # prompts × tokens on which encoder biases are set
SPECIAL = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
# Standard deviations by the end of a parameter's name, times the root of its inputs.
GAINS = {"q_proj.weight": 1.3, "k_proj.weight": 1.3, "lm_head.weight": 3.0}
EMBEDDINGS = ("embed_tokens.weight", "wte.weight")


@dataclass(frozen=True)
class RandomModel:
    """What to make; everything else follows from the seed."""

    name: str
    family: str  # `<family>Config` of transformers
    layers: int
    width: int
    heads: int
    vocabulary: int
    features: int  # per layer
    active: int = 55  # features per token and layer, about
    kind: str = "transcoders"  # or skip, cross_layer
    activation: str = "relu"  # or topk
    output: Site = Site.MLP_OUTPUT
    settings: dict[str, Any] = field(default_factory=dict)  # further ones of the family
    seed: int = 0


SMALL = RandomModel("small", "Llama", 6, 288, 6, 4_000, 4_096, settings={"intermediate_size": 768})
MEDIUM = RandomModel(
    "medium", "Llama", 12, 768, 12, 32_000, 16_384, settings={"intermediate_size": 2_048}
)
NAMES = {  # GPT-2's words for its shape
    "GPT2": {
        "hidden_size": "n_embd",
        "num_hidden_layers": "n_layer",
        "num_attention_heads": "n_head",
        "intermediate_size": "n_inner",
        "max_position_embeddings": "n_positions",
    }
}


def write(wanted: RandomModel, folder: Path) -> Path:
    """Write `model` and `transcoders` into a folder, unless they lie there already."""
    done = folder / "written"
    if done.is_file() and done.read_text() == repr(wanted):
        return folder
    torch.manual_seed(wanted.seed)
    model = _model(wanted)
    model.save_pretrained(folder / "model")
    write_tokenizer(folder / "model", wanted.vocabulary)
    dictionary = _dictionary(wanted, LanguageModel.load(str(folder / "model")))
    circuit_tracer.save(dictionary, folder / "transcoders", "")
    done.write_text(repr(wanted))
    return folder


def write_autoencoders(wanted: RandomModel, folder: Path) -> None:
    """Write `saes` of the stream after each layer beside a model, unless they lie there already."""
    if (folder / "saes").is_dir():
        return
    torch.manual_seed(wanted.seed)
    coders = _coders(wanted, LanguageModel.load(str(folder / "model")), Site.RESIDUAL_AFTER)
    site = Site.RESIDUAL_AFTER
    layers = {
        layer: SparseAutoencoder(
            coder.W_enc, coder.b_enc, coder.decoder(), coder.b_dec, coder.activation
        )
        for layer, coder in enumerate(coders)
    }
    saelens_save.save(SparseAutoencoderSet(wanted.name, site, site, layers), folder / "saes", "")


def prompt(wanted: RandomModel, length: int) -> list[int]:
    """Token ids that begin with the first special token."""
    drawn = torch.Generator().manual_seed(wanted.seed + length)
    ids = torch.randint(len(SPECIAL), wanted.vocabulary, (length - 1,), generator=drawn)
    return [SPECIAL["bos_token_id"], *ids.tolist()]


def _model(wanted: RandomModel) -> Any:
    shape = {
        "hidden_size": wanted.width,
        "num_hidden_layers": wanted.layers,
        "num_attention_heads": wanted.heads,
        "vocab_size": wanted.vocabulary,
        "intermediate_size": 2 * wanted.width,
        "max_position_embeddings": 64,
        "tie_word_embeddings": False,
        **wanted.settings,
    }
    names = NAMES.get(wanted.family, {})
    settings = {names.get(name, name): value for name, value in shape.items()}
    config = getattr(transformers, f"{wanted.family}Config")(**settings, **SPECIAL)
    model = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            _fill(wanted, name, parameter)
    return model


def _fill(wanted: RandomModel, name: str, parameter: Tensor) -> None:
    noise = torch.randn_like(parameter)
    if parameter.ndim == 1:
        offset = name.endswith("bias") or wanted.family.startswith("Gemma")
        parameter.copy_((0.0 if offset else 1.0) + 0.1 * noise)
        return
    inputs = parameter.shape[0] if wanted.family == "GPT2" else parameter.shape[1]
    gain = next((value for end, value in GAINS.items() if name.endswith(end)), 1.0)
    embeds = name.endswith(EMBEDDINGS) and wanted.family != "Gemma2"
    parameter.copy_(noise if embeds else gain * noise / inputs**0.5)


def write_tokenizer(folder: Path, vocabulary: int) -> None:
    """Words that are tokens, the special ones first."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ["<bos>", "<eos>", "<pad>", *(f"w{number}" for number in range(3, vocabulary))]
    ids = {word: index for index, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>"
    ).save_pretrained(folder)


def _dictionary(wanted: RandomModel, model: LanguageModel) -> MlpDictionary:
    layers = _coders(wanted, model, Site.MLP_INPUT)
    kind = CrossLayerTranscoder if wanted.kind == "cross_layer" else TranscoderSet
    return kind(wanted.name, Site.MLP_INPUT, wanted.output, layers)


def _coders(
    wanted: RandomModel, model: LanguageModel, site: Site
) -> tuple[Transcoder | CrossLayerCoder, ...]:
    ids = torch.randint(len(SPECIAL), wanted.vocabulary, CALIBRATION)
    ids[:, 0] = SPECIAL["bos_token_id"]
    places = [(site, layer) for layer in range(wanted.layers)]
    values = model.run(ids, read=places).values
    return tuple(_coder(wanted, layer, values[place][:, 1:]) for layer, place in enumerate(places))


def _coder(
    wanted: RandomModel, layer: int, read: Float[Tensor, "prompt position d_model"]
) -> Transcoder | CrossLayerCoder:
    width, features = wanted.width, wanted.features
    encoder = torch.randn(features, width) / width**0.5
    pre = read.reshape(-1, width) @ encoder.T
    # A Gaussian's quantile above which the wanted share of features lies.
    quantile = NormalDist().inv_cdf(1 - wanted.active / features)
    coder = Transcoder(
        W_enc=encoder,
        b_enc=-(pre.mean(dim=0) + quantile * pre.std(dim=0)),
        W_dec=torch.randn(features, width) / width**0.5,
        b_dec=0.1 * torch.randn(width),
        activation=_activation(wanted),
        skip=Skip(0.5 * torch.randn(width, width) / width**0.5) if wanted.kind == "skip" else None,
    )
    if wanted.kind != "cross_layer":
        return replace(coder, b_enc=0 * coder.b_enc) if wanted.activation == "topk" else coder
    decoder = torch.randn(features, wanted.layers - layer, width) / width**0.5
    return CrossLayerCoder(coder.W_enc, coder.b_enc, decoder, coder.b_dec, coder.activation)


def _activation(wanted: RandomModel) -> ActivationFunction:
    return TopK(wanted.active) if wanted.activation == "topk" else ReLU()
