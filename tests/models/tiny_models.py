"""Tiny random models of every architecture family, saved as Hugging Face folders.

Every parameter is random, norm weights and biases included, and large enough that attention is
not uniform: a formula that forgets a bias or a norm's weight fails on them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from atlas.models.activation_functions import (
    ActivationFunction,
    BatchTopK,
    Gated,
    JumpReLU,
    ReLU,
    TopK,
)
from atlas.models.coders import CrossLayerCoder, Skip, SparseAutoencoder, Transcoder
from atlas.models.dictionaries import (
    CrossLayerTranscoder,
    MlpDictionary,
    SparseAutoencoderSet,
    TranscoderSet,
)
from atlas.models.language_model import LanguageModel
from atlas.models.sites import Site
from tests.models import tiny_architectures

ACTIVATIONS = ("relu", "jumprelu", "topk", "batchtopk", "gated")
KINDS = ("plain", "skip", "affine", "cross_layer", "cross_layer_skip")
FAMILIES = tuple(tiny_architectures.SUPPORTED)
# One family for each way in which the parts of a block follow each other.
LAYOUTS = ("llama", "gpt2", "gemma2", "neox", "olmo2")
WORDS = ["<bos>", "<unk>", "<pad>", *(f"w{number}" for number in range(37))]
D_MODEL = tiny_architectures.WIDTH
FEATURES = 40


def write_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: index for index, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<bos>", unk_token="<unk>", pad_token="<pad>"
    ).save_pretrained(folder)


def save_model(folder: Path, family: str = "llama", layers: int = 3, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    architecture = tiny_architectures.ALL[family]
    model = architecture.build(layers, len(WORDS))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:
                # Around 0 for biases and Gemma's offset norms, around 1 for other norm weights.
                centre = 1.0 if "norm" in name or "ln_" in name else 0.0
                if name.endswith("bias") or family.startswith("gemma"):
                    centre = 0.0
                parameter.copy_(centre + 0.3 * torch.randn_like(parameter))
            else:
                parameter.copy_(torch.randn_like(parameter) / D_MODEL**0.5)
    model.save_pretrained(folder)
    write_tokenizer(folder)
    return folder


def load_model(folder: Path, family: str = "llama", layers: int = 3) -> LanguageModel:
    return LanguageModel.load(str(save_model(folder, family, layers)))


def activation_function(kind: str, generator: torch.Generator) -> ActivationFunction:
    if kind == "topk":
        return TopK(6)
    if kind == "jumprelu":
        return JumpReLU(0.5 + 0.5 * torch.rand(FEATURES, generator=generator))
    if kind == "batchtopk":
        return BatchTopK(0.4)
    if kind == "gated":
        gates = torch.rand(2, FEATURES, generator=generator)
        return Gated(0.5 + gates[0], gates[1] - 0.7)
    return ReLU()


class Randomly:
    """Random tensors, one after another from one seed."""

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, *shape: int, scale: float) -> torch.Tensor:
        return scale * torch.randn(*shape, generator=self.generator)

    def skip(self, kind: str, width: int) -> Skip | None:
        if kind == "none":
            return None
        weight = self(width, width, scale=0.6 * width**-0.5)
        return Skip(weight, self(width, scale=0.3) if kind == "affine" else None)


def random_transcoders(
    model: LanguageModel,
    activation: str = "relu",
    feature_input: Site = Site.MLP_INPUT,
    feature_output: Site = Site.MLP_OUTPUT,
    skip: str = "none",
    seed: int = 1,
) -> TranscoderSet:
    random, width = Randomly(seed), model.d_model

    def layer() -> Transcoder:
        return Transcoder(
            W_enc=random(FEATURES, width, scale=width**-0.5),
            b_enc=-0.5 + random(FEATURES, scale=0.3),
            W_dec=random(FEATURES, width, scale=0.5 * width**-0.5),
            b_dec=random(width, scale=0.3),
            activation=activation_function(activation, random.generator),
            skip=random.skip(skip, width),
        )

    layers = tuple(layer() for _ in range(model.layers))
    return TranscoderSet("random", feature_input, feature_output, layers)


def random_cross_layer(
    model: LanguageModel,
    activation: str = "relu",
    feature_input: Site = Site.MLP_INPUT,
    feature_output: Site = Site.MLP_OUTPUT,
    skip: str = "none",
    seed: int = 1,
) -> CrossLayerTranscoder:
    """The layers have different numbers of features."""
    random, width = Randomly(seed), model.d_model

    def layer(number: int) -> CrossLayerCoder:
        coder = CrossLayerCoder(
            W_enc=random(FEATURES, width, scale=width**-0.5),
            b_enc=-0.5 + random(FEATURES, scale=0.3),
            W_dec=random(FEATURES, model.layers - number, width, scale=0.4 * width**-0.5),
            b_dec=random(width, scale=0.3),
            activation=activation_function(activation, random.generator),
            skip=random.skip(skip, width),
        )
        kept = range(FEATURES - number)
        return replace(
            coder,
            W_enc=coder.W_enc[kept.start : kept.stop],
            b_enc=coder.b_enc[kept.start : kept.stop],
            W_dec=coder.W_dec[kept.start : kept.stop],
            activation=coder.activation.of_features(kept) or coder.activation,
        )

    layers = tuple(layer(number) for number in range(model.layers))
    return CrossLayerTranscoder("cross", feature_input, feature_output, layers)


def random_autoencoders(
    model: LanguageModel, site: Site = Site.RESIDUAL_AFTER, seed: int = 1
) -> SparseAutoencoderSet:
    """One at every layer; they read and write at one site."""
    random, width = Randomly(seed), model.d_model
    layers = {
        layer: SparseAutoencoder(
            W_enc=random(FEATURES, width, scale=width**-0.5),
            b_enc=-0.5 + random(FEATURES, scale=0.3),
            W_dec=random(FEATURES, width, scale=0.5 * width**-0.5),
            b_dec=random(width, scale=0.3),
            activation=activation_function("relu", random.generator),
        )
        for layer in range(model.layers)
    }
    return SparseAutoencoderSet("autoencoders", site, site, layers)


def random_dictionary(kind: str, model: LanguageModel, activation: str = "relu") -> MlpDictionary:
    """A dictionary of a kind that has exact graphs."""
    skip = {"skip": "linear", "affine": "affine", "cross_layer_skip": "affine"}.get(kind, "none")
    if kind.startswith("cross_layer"):
        return random_cross_layer(model, activation, skip=skip)
    return random_transcoders(model, activation, skip=skip)
