"""Transcoders as circuit-tracer publishes them: config.yaml and safetensors files per layer.

`model_kind: transcoder_set` is one transcoder per layer, `cross_layer_transcoder` one for all.
Across layers circuit-tracer reads no activation function but ReLU and JumpReLU, and takes whatever
has no thresholds for ReLU. TopK there has therefore a kind of its own, which circuit-tracer refuses
by name: `topk_cross_layer_transcoder`, the same files with `k_<i>` beside the encoders.
Files lie in the folder, or `transcoders:` lists them layer by layer, as paths in the folder or as
hf://owner/name/path; a listed file may be one of GemmaScope's. What stands in the files is said in
`circuit_tracer_layers`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import yaml

from atlas.errors import MISSHAPEN, ModelError, ModelUnavailable, UnknownFormat
from atlas.models.activation_functions import JumpReLU, ReLU, TopK
from atlas.models.checkpoints import circuit_tracer_layers as layer_files
from atlas.models.checkpoints.hub_files import named_file
from atlas.models.checkpoints.weight_files import write_weights
from atlas.models.coders import Coder, CrossLayerCoder, Transcoder
from atlas.models.dictionaries import CrossLayerTranscoder, MlpDictionary, TranscoderSet
from atlas.models.sites import Site, hook_of
from atlas.models.zero_positions import zero_positions_of

INPUT_SITES = {
    "hook_resid_mid": Site.RESIDUAL_MIDDLE,
    "ln2.hook_normalized": Site.MLP_NORMALIZED,
    "mlp.hook_in": Site.MLP_INPUT,
}
OUTPUT_SITES = {"hook_mlp_out": Site.MLP_WRITE, "mlp.hook_out": Site.MLP_OUTPUT}
SINGLE, CROSS, CROSS_TOPK = (
    "transcoder_set",
    "cross_layer_transcoder",
    "topk_cross_layer_transcoder",
)
FILE_NAMES = {
    SINGLE: "layer_{layer}.safetensors",
    CROSS: "W_enc_{layer}.safetensors",
    CROSS_TOPK: "W_enc_{layer}.safetensors",
}


def load(folder: Path, name: str | None = None) -> TranscoderSet | CrossLayerTranscoder:
    """The transcoders in a folder; `name` is what errors and graphs call them.

    Raises:
        ModelUnavailable: the folder or a layer's file is missing.
        UnknownFormat: config.yaml describes something else, or a file is no whole safetensors.
        ModelError: a tensor is missing or has the wrong shape.
    """
    folder = Path(folder)
    config = _read_config(folder)
    kind = str(config.get("model_kind", SINGLE))
    reads = _site(folder, config, "feature_input_hook", INPUT_SITES)
    writes = _site(folder, config, "feature_output_hook", OUTPUT_SITES)
    files = _layer_files(folder, config, kind)
    title, model_name = name or folder.name, str(config.get("model_name") or "")
    zero_positions = _zero_positions(folder, config, model_name)
    if kind == SINGLE:
        single = tuple(layer_files.read_single_layer(path, config) for path in files)
        _check_widths(folder, single)
        return TranscoderSet(
            title, reads, writes, single, model_name=model_name, zero_positions=zero_positions
        )
    cross = tuple(
        layer_files.read_cross_layer(path, (layer, len(files)), config)
        for layer, path in enumerate(files)
    )
    _check_widths(folder, cross)
    return CrossLayerTranscoder(
        title, reads, writes, cross, model_name=model_name, zero_positions=zero_positions
    )


def save(transcoders: MlpDictionary, folder: Path, model_name: str) -> None:
    """Write transcoders to a folder so that `load` reads them back, and circuit-tracer what it can.

    What the format has no words for is written as the same function in other words: a skip
    connection's own bias goes into `b_dec`, BatchTopK and gates become the JumpReLU that they
    equal, and so does ReLU beside other functions.

    Raises:
        ModelError: a site that the format does not know, or TopK with clipped values in some
            layers and any values in others.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    config: dict[str, Any] = {
        "model_name": model_name,
        "model_kind": _kind(transcoders),
        "feature_input_hook": hook_of(transcoders.feature_input, INPUT_SITES, transcoders.name),
        "feature_output_hook": hook_of(transcoders.feature_output, OUTPUT_SITES, transcoders.name),
        **_activation(transcoders),
        "scan": transcoders.name,
    }
    if transcoders.zero_positions != zero_positions_of(model_name):
        config["zero_positions"] = transcoders.zero_positions
    for layer, coder in enumerate(transcoders.layers):
        worded = coder if config["activation"] == "relu" else _with_threshold(coder)
        for file, tensors in layer_files.tensors_of(worded, layer).items():
            write_weights(folder / file, tensors)
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    (folder / "config.yaml").write_text(text, encoding="utf-8")


def _kind(transcoders: MlpDictionary) -> str:
    if isinstance(transcoders, TranscoderSet):
        return SINGLE
    return CROSS_TOPK if _topk(transcoders) else CROSS


def _topk(transcoders: MlpDictionary) -> list[TopK]:
    functions = (coder.activation for coder in transcoders.layers)
    return [function for function in functions if isinstance(function, TopK)]


def _activation(transcoders: MlpDictionary) -> dict[str, Any]:
    """What config.yaml says of the activation functions; thresholds and each k lie in the files."""
    topk = _topk(transcoders)
    if not topk:
        plain = all(isinstance(coder.activation, ReLU) for coder in transcoders.layers)
        return {"activation": "relu" if plain else "jumprelu"}
    if len({function.rectified for function in topk}) > 1:
        expected = "TopK of values clipped at 0 in all layers, or in none"
        raise ModelError(transcoders.name, expected, "some of each")
    return {"activation": "topk", "k": topk[0].k, "rectified": topk[0].rectified}


def _with_threshold(coder: Coder) -> Coder:
    """A coder with ReLU as the JumpReLU that it equals; any other as it is."""
    if not isinstance(coder.activation, ReLU) or not isinstance(
        coder, Transcoder | CrossLayerCoder
    ):
        return coder
    return replace(coder, activation=JumpReLU(torch.zeros(coder.features)))


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "config.yaml"
    if not path.is_file():
        raise ModelUnavailable(str(folder), "a folder with config.yaml", "no config.yaml")
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, *MISSHAPEN) as error:
        raise UnknownFormat(str(path), "YAML", str(error)) from error
    if not isinstance(config, dict):
        raise UnknownFormat(str(path), "a mapping", type(config).__name__)
    kind = config.get("model_kind", SINGLE)
    if not isinstance(kind, str) or kind not in FILE_NAMES:
        raise UnknownFormat(f"{path}: model_kind", f"one of {', '.join(FILE_NAMES)}", repr(kind))
    return config


def _zero_positions(folder: Path, config: dict[str, Any], model_name: str) -> int:
    """The number that the config sets, else that of its model."""
    given = config.get("zero_positions", zero_positions_of(model_name))
    if type(given) is not int or given < 1:
        where = f"{folder / 'config.yaml'}: zero_positions"
        raise UnknownFormat(where, "a whole number from 1 on", repr(given))
    return given


def _layer_files(folder: Path, config: dict[str, Any], kind: str) -> list[Path]:
    """One file per layer: those that the config lists, else those with the agreed names."""
    listed = config.get("transcoders")
    if listed is not None:
        named = isinstance(listed, list) and all(isinstance(each, str) for each in listed)
        if not listed or not named:
            where = f"{folder / 'config.yaml'}: transcoders"
            raise UnknownFormat(where, "a list of files, layer by layer", repr(listed)[:80])
        return [named_file(folder, each) for each in listed]
    name = FILE_NAMES[kind]
    pattern = name.replace(".", r"\.").replace("{layer}", r"(\d+)")
    found = sorted(
        int(match.group(1))
        for path in folder.iterdir()
        if (match := re.fullmatch(pattern, path.name))
    )
    if not found:
        raise ModelUnavailable(str(folder), f"{name.format(layer=0)} and so on", "no such file")
    if found != list(range(len(found))):
        raise ModelUnavailable(str(folder), f"layers 0 to {found[-1]}", f"only {found}")
    return [folder / name.format(layer=layer) for layer in found]


def _check_widths(folder: Path, coders: Sequence[Coder]) -> None:
    widths = sorted({coder.width for coder in coders})
    if len(widths) != 1:
        raise ModelError(str(folder), "layers of one width", f"widths {widths}")


def _site(folder: Path, config: dict[str, Any], key: str, sites: dict[str, Site]) -> Site:
    hook = config.get(key)
    if not isinstance(hook, str) or hook not in sites:
        raise UnknownFormat(
            f"{folder / 'config.yaml'}: {key}", f"one of {', '.join(sites)}", repr(hook)
        )
    return sites[hook]
