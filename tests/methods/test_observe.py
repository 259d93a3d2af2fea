import json

import numpy as np
import pytest
import torch

from atlas.dashboards.dashboard import Dashboard
from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.errors import BadInput
from atlas.methods.activations import activations
from atlas.methods.observation.layer_dashboards import ObserveSettings
from atlas.methods.observe import observe
from atlas.models.sites import Site
from tests.models import tiny_models


@pytest.fixture(scope="module")
def labelled() -> LabelledTokens:
    tokens = np.random.default_rng(0).integers(3, 40, (40, 10)).astype(np.int16)
    tokens[:, 0] = 0
    tokens[::4, 7:] = 2
    odd = (tokens % 2).astype(np.int8)
    odd[tokens < 3] = -1
    return LabelledTokens(
        tokens=tokens,
        codes={"parity": odd},
        values={"parity": ("even", "odd")},
        behaviour=np.full(40, -1, dtype=np.int8),
        behaviours=(),
        pad_id=2,
    )


@pytest.fixture(scope="module")
def setting(tiny_model):
    model = tiny_model()
    return model, tiny_models.random_transcoders(model)


@pytest.fixture(scope="module")
def dashboards(setting, labelled):
    wanted = {(0, 3): {"latent": "parity", "equals": "odd"}, (2, 11): None, (0, 5): None}
    return {at: shown for at, (shown, _) in observe(*setting, labelled, wanted).items()}


def test_density_and_maximum_are_those_of_the_activations(setting, labelled, dashboards):
    table = activations(*setting, labelled.tokens.astype(np.int64)).dense(0, 3)
    table = table * labelled.is_word()
    found = dashboards[0, 3]
    assert found.density.active == int((table > 0).sum())
    assert found.density.tokens == 40 * 9 - 10 * 3
    assert found.maximum == pytest.approx(float(table.max()), abs=1e-4)
    assert found.top[0].activations[found.top[0].peak] == found.maximum
    assert sum(found.histogram.counts) == found.density.active


def test_top_examples_come_from_distinct_sequences(dashboards):
    sequences = [example.sequence for example in dashboards[2, 11].top]
    assert len(set(sequences)) == len(sequences) > 5


def test_the_number_of_sequences_per_pass_changes_nothing(setting, labelled, dashboards):
    again = observe(*setting, labelled, {(2, 11): None}, ObserveSettings(rows_per_pass=7))
    assert again[2, 11][0].top == dashboards[2, 11].top
    assert again[2, 11][0].bands == dashboards[2, 11].bands


def test_a_dashboard_survives_json(dashboards):
    for dashboard in dashboards.values():
        assert Dashboard.from_json(json.loads(json.dumps(dashboard.to_json()))) == dashboard


def test_the_feature_and_its_label_disagree_where_counter_examples_say(dashboards, labelled):
    counter = dashboards[0, 3].counter
    assert counter.silent + counter.false > 0
    for example in counter.silent_examples:
        assert example.activations[example.peak] < counter.threshold
        assert example.tokens[example.peak] in {f"w{token - 3}" for token in range(3, 40, 2)}
    for example in counter.false_examples:
        assert example.activations[example.peak] >= counter.threshold


def test_promoted_tokens_are_what_adding_the_feature_raises(setting, dashboards):
    model, dictionary = setting
    found = dashboards[2, 11]
    row = dictionary.coder(2).W_dec[11]
    ids = torch.tensor([[0, 5, 6, 7]])
    held = model.run(ids, [(Site.FINAL_NORM_SCALE, 0)]).values[Site.FINAL_NORM_SCALE, 0]
    edits = {
        (Site.FINAL_NORM_SCALE, 0): lambda value: held,
        (Site.MLP_OUTPUT, 2): lambda value: value + row,
    }
    raised = (model.run(ids, edits=edits).logits - model.logits(ids))[0, -1]
    order = (raised - raised.mean()).argsort(descending=True)
    assert [effect.token for effect in found.promoted[:3]] == [
        model.token_string(int(token)) for token in order[:3]
    ]


def test_similar_features_are_others_by_falling_cosine(dashboards):
    cosines = [other.cosine for other in dashboards[0, 5].similar]
    assert cosines == sorted(cosines, reverse=True)
    assert all((other.layer, other.index) != (0, 5) for other in dashboards[0, 5].similar)


def test_a_feature_that_the_dictionary_lacks_is_refused(setting, labelled):
    with pytest.raises(BadInput, match="an index below 40"):
        observe(*setting, labelled, {(0, 40): None})
