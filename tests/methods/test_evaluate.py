"""Claims about planted features come out as they were planted, and the numbers are the model's."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from atlas.entries.circuit import Claim, Intervention, PartnerRule, Step
from atlas.entries.evidence import derive_verdicts
from atlas.entries.ids import LayerHead
from atlas.entries.library import Library
from atlas.errors import EntryError, ModelError
from atlas.methods.claims.evaluation_settings import EvaluationSettings
from atlas.methods.claims.intervention_runs import cluster_entity
from atlas.methods.evaluate import measure_claims
from atlas.methods.intervene import FeatureIntervention, HeadIntervention, intervene
from atlas.models.language_model import LanguageModel
from atlas.models.loading import load_dictionary, load_model
from tests import planted_library
from tests.models import tiny_models

FEW = EvaluationSettings(draws=5, wrong_target_draws=2)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """The planted circuit with its model, dictionary and test rows."""
    root = tmp_path_factory.mktemp("library")
    (root / "no-notebooks").mkdir()
    library = Library.open(planted_library.build(root / "library", root / "no-notebooks"))
    circuit = library.circuits["planted"]
    rows = [row for row in library.prompts(circuit) if row.split == "test"]
    model = load_model(library.root, "tiny")
    return model, load_dictionary(library.root, "tiny", "transcoders"), circuit, rows


@pytest.fixture(scope="module")
def measured(planted):
    """All claims, measured as they are for an entry."""
    return {each.claim: each for each in measure_claims(*planted)}


def test_what_was_planted_is_supported_and_what_was_not_is_refuted(planted, measured):
    verdicts = derive_verdicts(planted[2].claims, measured)
    assert {claim: verdict.word for claim, verdict in verdicts.items()} == {
        "off-lowers": "supported",
        "swap-moves": "supported",
        "idle-lowers": "not_supported",
    }


def test_every_draw_is_kept_and_none_reaches_the_planted_effect(measured):
    control = measured["off-lowers"].control
    assert len(control.draws) == 50
    assert max(control.draws) < measured["off-lowers"].value
    assert control.p_value == pytest.approx(1 / 51)


def test_the_effect_is_the_models_own(planted, measured):
    model, dictionary, circuit, rows = planted
    effects = []
    for row in rows[:9:4]:
        ids = torch.from_numpy(model.tokenize(row.text).ids)[None]
        (feature,) = circuit.part("city").features_for(row.entities)
        off = FeatureIntervention(feature.layer, feature.index, -1)
        after = intervene(model, dictionary, ids, [[off]]).logits[0, -1].double()
        before = model.logits(ids)[0, -1].double()
        pair = [model.token_id(row.target), model.token_id(row.foil)]
        effects.append(float((before[pair] @ torch.tensor([1.0, -1.0]).double())
                             - (after[pair] @ torch.tensor([1.0, -1.0]).double())))  # fmt: skip
    few = measure_claims(model, dictionary, circuit, rows[:9:4], FEW)[0]
    assert few.value == pytest.approx(np.mean(effects), rel=1e-4)
    assert few.n == 3


def test_the_wrong_target_control_lies_between_nothing_and_the_swap(measured):
    swap = measured["swap-moves"]
    assert 0 < swap.wrong_target.median < 0.75 * swap.value
    assert swap.wrong_target.difference_interval[0] > 0


def test_the_same_seed_gives_the_same_measurement(planted):
    model, dictionary, circuit, rows = planted
    first, second = (measure_claims(model, dictionary, circuit, rows[::5], FEW) for _ in range(2))
    other = measure_claims(model, dictionary, circuit, rows[::5], replace(FEW, seed=1))
    assert first == second
    assert first[0].control.draws != other[0].control.draws


def with_claim(circuit, intervention, **claim):
    """The circuit with one intervention and one claim about it."""
    fields = {"id": "c", "statement": "s", "kind": "demonstration", "metric": "top1",
              "of": "target", "intervention": intervention.id} | claim  # fmt: skip
    return replace(circuit, interventions=(intervention,), claims=(Claim(**fields),))


@pytest.mark.parametrize(
    "step",
    [
        Step(part="city", action="scale", factor=2.0),
        Step(part="city", action="set", value=4.0),
        Step(part="city", action="add", value=1.5),
    ],
    ids=lambda step: step.action,
)
def test_making_the_planted_feature_stronger_raises_its_answer(planted, step):
    model, dictionary, circuit, rows = planted
    stronger = with_claim(
        circuit, Intervention(id="up", title="up", steps=(step,)), kind="effect",
        metric="logit_difference", direction="increase",
    )  # fmt: skip
    (found,) = measure_claims(model, dictionary, stronger, rows[::4], FEW)
    assert found.value > 0.3
    assert found.value > found.control.median + 0.2


def test_what_is_generated_is_searched_for_the_answer(planted):
    model, dictionary, circuit, rows = planted
    strong = Step(part="city", action="set", value=60.0)
    speaking = with_claim(
        circuit, Intervention(id="up", title="up", steps=(strong,), generate=2), metric="generated"
    )
    (found,) = measure_claims(model, dictionary, speaking, rows[::6], FEW)
    assert (found.before, found.after) == (pytest.approx(0.0, abs=0.3), pytest.approx(1.0))
    assert found.unit == "share of rows"


def test_rows_without_a_partner_are_left_out_and_counted(planted):
    model, dictionary, circuit, rows = planted
    swap = replace(circuit.intervention("swap"), partner=PartnerRule(differs_in=("nobody",)))
    alone = with_claim(circuit, swap, of="partner_target", kind="effect", direction="increase")
    (found,) = measure_claims(model, dictionary, alone, rows[:8], FEW)
    assert (found.n, found.unmatched_rows, found.control) == (0, 8, None)


def with_heads(circuit, *heads):
    part = replace(circuit.parts[0], heads=tuple(LayerHead(*head) for head in heads))
    return replace(circuit, parts=(part, *circuit.parts[1:]))


@pytest.mark.parametrize(
    ("step", "action", "value"),
    [
        (Step(part="city", action="ablate"), "ablate", 0.0),
        (Step(part="city", action="scale", factor=0.5), "scale", 0.5),
    ],
)
def test_the_heads_of_a_part_are_changed_with_its_features(planted, step, action, value):
    model, dictionary, circuit, rows = planted
    headed = with_claim(
        with_heads(circuit, (0, 1), (1, 0)), Intervention(id="off", title="off", steps=(step,)),
        metric="logit_difference", kind="no_effect",
    )  # fmt: skip
    rows = rows[:9:4]
    (found,) = measure_claims(model, dictionary, headed, rows, FEW)
    expected, without = [], []
    for row in rows:
        ids = torch.from_numpy(model.tokenize(row.text).ids)[None]
        (feature,) = circuit.part("city").features_for(row.entities)
        changes = [
            FeatureIntervention(feature.layer, feature.index, -1, action, value),
            HeadIntervention(0, 1, -1, "scale", value),
            HeadIntervention(1, 0, -1, "scale", value),
        ]
        pair = [model.token_id(row.target), model.token_id(row.foil)]
        for sums, chosen in ((expected, changes), (without, changes[:1])):
            logits = intervene(model, dictionary, ids, [chosen]).logits[0, -1].double()
            sums.append(float(logits[pair[0]] - logits[pair[1]]))
    assert found.after == pytest.approx(np.mean(expected), rel=1e-4)
    assert abs(np.mean(expected) - np.mean(without)) > 1e-2
    assert found.control is None


def test_an_effect_of_heads_and_features_at_once_is_refused(planted):
    model, dictionary, circuit, rows = planted
    with pytest.raises(EntryError, match="features or heads where a claim of kind effect"):
        measure_claims(model, dictionary, with_heads(circuit, (1, 0)), rows[:2], FEW)


def test_heads_take_no_activation(planted):
    model, dictionary, circuit, rows = planted
    step = Step(part="city", action="set", value=1.0)
    headed = with_claim(
        with_heads(circuit, (1, 0)), Intervention(id="up", title="up", steps=(step,))
    )
    with pytest.raises(EntryError, match="ablate or scale for a part with heads"):
        measure_claims(model, dictionary, headed, rows[:2], FEW)


def test_writing_a_partners_values_needs_a_partner(planted):
    model, dictionary, circuit, rows = planted
    lonely = replace(circuit.intervention("swap"), partner=None)
    with pytest.raises(EntryError, match="partner"):
        measure_claims(model, dictionary, with_claim(circuit, lonely), rows[:2], FEW)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_carries_no_verdict(planted, dtype, tmp_path):
    half = LanguageModel.load(str(tiny_models.save_model(tmp_path)), dtype=dtype)
    with pytest.raises(ModelError, match=f"float32 or float64; found {dtype}"):
        measure_claims(half, *planted[1:])


def test_no_rows_is_refused(planted):
    with pytest.raises(EntryError, match="test rows"):
        measure_claims(*planted[:3], [])


def entities(**values):
    """Rows' entities: 40 rows, each entity with so many values."""
    return [{name: f"{name}-{row % count}" for name, count in values.items()} for row in range(40)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (entities(city=10, name=40), "city"),
        (entities(city=7, name=40), "name"),
        (entities(city=2, name=20, verb=9), "verb"),
        (entities(city=2), ""),
        (entities(), ""),
    ],
)
def test_the_bootstrap_resamples_what_the_part_is_keyed_by(planted, rows, expected):
    circuit = planted[2]
    assert cluster_entity(circuit, circuit.intervention("swap"), rows) == expected
