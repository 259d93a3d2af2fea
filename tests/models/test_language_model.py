from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas.errors import BadInput, ModelError, ModelUnavailable
from atlas.models.language_model import LanguageModel
from atlas.models.sites import Site
from tests.models import tiny_models


@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_logits_are_those_of_the_hugging_face_model(family, tmp_path):
    import transformers

    folder = tiny_models.save_model(tmp_path, family)
    model = LanguageModel.load(str(folder))
    original = transformers.AutoModelForCausalLM.from_pretrained(
        folder, attn_implementation="eager"
    )
    ids = torch.tensor([[0, 5, 6, 7], [0, 9, 3, 4]])
    torch.testing.assert_close(model.logits(ids), original(ids).logits.detach(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("family", ["llama", "neox"])
def test_the_first_token_is_the_beginning_token_even_if_its_id_is_zero(family, tiny_model):
    tokens = tiny_model(family).tokenize("w1 w2")
    assert tokens.ids.tolist() == [0, 4, 5]
    assert tokens.strings == ("<bos>", "w1", "w2")
    assert tokens.spans == (None, (0, 2), (3, 5))


@pytest.mark.parametrize("family", ["neox", "gpt-oss"])
def test_the_pattern_holds_what_attention_gives_to_the_tokens(family, tiny_model):
    """Attention sinks take the rest; they have no value, so nothing comes from there."""
    place = (Site.ATTENTION_PATTERN, 1)
    pattern = tiny_model(family).run(torch.tensor([[0, 5, 6, 7]]), read=[place]).values[place]
    sums = pattern.sum(dim=-1)
    assert (sums < 0.9).any() if family == "gpt-oss" else torch.allclose(sums, sums.new_ones(()))


def test_a_text_that_begins_with_the_beginning_token_gets_no_second(tiny_model):
    assert tiny_model().tokenize("<bos> w1").ids.tolist() == [0, 4]


def test_an_empty_text_is_refused(tiny_model):
    with pytest.raises(BadInput, match="prompt: expected at least one token"):
        tiny_model().tokenize("")


def test_token_id_knows_single_tokens_only(tiny_model):
    assert tiny_model().token_id("w3") == 6
    with pytest.raises(ModelError, match="unknown word"):
        tiny_model().token_id("elephant")
    with pytest.raises(ModelError, match="2 tokens"):
        tiny_model().token_id("w1 w2")


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(ModelUnavailable, match="a folder without it"):
        LanguageModel.load(str(tmp_path))
    with pytest.raises(ModelUnavailable, match="no such folder"):
        LanguageModel.load(str(tmp_path / "missing"))


def test_an_encoder_with_a_decoder_is_refused(tmp_path):
    import transformers

    shape = {"d_model": 24, "d_kv": 6, "d_ff": 32, "num_layers": 2, "num_heads": 4}
    config = transformers.T5Config(**shape, vocab_size=40, decoder_start_token_id=0)
    transformers.T5ForConditionalGeneration(config).save_pretrained(tmp_path)
    tiny_models.write_tokenizer(tmp_path)
    with pytest.raises(ModelError, match=r"\(T5\w+\): expected one stack of layers"):
        LanguageModel.load(str(tmp_path))


def test_a_hub_id_without_network_says_what_to_do():
    with pytest.raises(ModelUnavailable, match="download it once"):
        LanguageModel.load("nobody/no-such-model-at-all")


def test_an_unknown_dtype_is_refused(tmp_path):
    with pytest.raises(ModelError, match="float12"):
        LanguageModel.load(str(tmp_path), dtype="float12")


@pytest.mark.parametrize("device", ["cuda:63", "toaster"])
def test_a_device_that_is_not_there_is_refused(device, tmp_path):
    with pytest.raises(ModelError, match=device):
        LanguageModel.load(str(tmp_path), device=device)


def test_ids_outside_the_vocabulary_and_long_prompts_are_refused(tiny_model):
    with pytest.raises(BadInput, match="40"):
        tiny_model().logits(torch.tensor([[0, 40]]))
    with pytest.raises(BadInput, match="at most 32 tokens"):
        tiny_model().logits(torch.zeros(1, 33, dtype=torch.long))


def test_a_place_that_the_architecture_lacks_is_refused(tiny_model):
    with pytest.raises(ModelError, match="residual_middle"):
        tiny_model("neox").run(torch.tensor([[0, 4]]), read=[(Site.RESIDUAL_MIDDLE, 0)])
    with pytest.raises(ModelError, match="a layer below 3"):
        tiny_model().run(torch.tensor([[0, 4]]), read=[(Site.MLP_INPUT, 3)])


@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_an_edit_reaches_the_logits_and_a_read_sees_it(family, tiny_model):
    model = tiny_model(family)
    ids = torch.tensor([[0, 5, 6, 7]])
    place = (Site.MLP_WRITE, 1)
    before = model.run(ids, read=[place])
    after = model.run(ids, read=[place], edits={place: lambda value: value * 2})
    torch.testing.assert_close(after.values[place], before.values[place] * 2)
    assert not torch.allclose(after.logits, before.logits)
    torch.testing.assert_close(model.logits(ids), before.logits)


@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_norm_weights_reproduce_the_norm(family, tiny_model):
    model = tiny_model(family)
    before = Site.RESIDUAL_BEFORE if model.parallel_blocks else Site.RESIDUAL_MIDDLE
    read = [(before, 1), (Site.MLP_INPUT, 1)]
    if model.has(Site.MLP_NORM_SCALE, 1):
        read.append((Site.MLP_NORM_SCALE, 1))
    values = model.run(torch.tensor([[0, 5, 6, 7]]), read=read).values
    expected, norm = values[before, 1], model.mlp_norm(1)
    assert (norm is None) == (family == "olmo2")
    if norm is not None:
        expected = norm.forward(expected) / values[Site.MLP_NORM_SCALE, 1]
        if norm.bias is not None:
            expected = expected + norm.bias
    torch.testing.assert_close(values[Site.MLP_INPUT, 1], expected, atol=1e-5, rtol=1e-5)


def test_spans_are_the_characters_of_the_tokens(tiny_model):
    text = "w10 w2"
    tokens = tiny_model().tokenize(text)
    words = [text[slice(*span)] for span in tokens.spans if span is not None]
    assert words == ["w10", "w2"]
    assert tokens.ids.dtype == np.int64
