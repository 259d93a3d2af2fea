"""An effect claimed of heads is compared with other heads of the layer that write as much."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from atlas.entries.circuit import Circuit, Claim, Intervention, Part, Step, Threshold
from atlas.entries.evidence import LARGEST_P_VALUE, MATCHED_HEADS, derive_verdicts
from atlas.entries.ids import LayerHead
from atlas.entries.position import Position
from atlas.entries.prompts import PromptRow
from atlas.entries.rules.circuit_claims import FEWEST_SETS, MORE_HEADS
from atlas.methods.claims import head_controls
from atlas.methods.claims.head_controls import HeadControls
from atlas.methods.claims.instances import instances
from atlas.methods.claims.matched_sets import MatchingSettings
from atlas.methods.claims.row_activations import RowActivations
from atlas.methods.claims.row_changes import RowChanges, row_changes
from atlas.methods.evaluate import measure_claims
from atlas.models.sites import Site
from tests import planted_entries
from tests.models import tiny_models
from tests.planted_head import CARRIER, HEADS, IDLE, LOUD, planted_head_model

ROWS = [PromptRow.from_data(row) for row in planted_entries.rows("test", 11)]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return planted_head_model(tmp_path_factory.mktemp("heads"))


def circuit(**heads: tuple[int, ...]) -> Circuit:
    """A circuit of heads of layer 0: per part an intervention that ablates it, and a claim."""
    plain = Circuit.from_data(planted_entries.circuit("heads"))
    threshold = Threshold(value=0.3, reason="for the sake of the example")
    parts, interventions, claims = [], [], []
    for name, numbers in heads.items():
        members = tuple(LayerHead(0, number) for number in numbers)
        parts.append(
            Part(id=name, label=name, role="mover", position=Position("last"), heads=members)
        )
        step = Step(part=name, action="ablate")
        interventions.append(Intervention(id=name, title=name, steps=(step,)))
        claims.append(
            Claim(
                id=name,
                statement=name,
                kind="effect",
                intervention=name,
                direction="decrease",
                metric="logit_difference",
                of="target",
                threshold=threshold,
            )  # fmt: skip
        )
    return replace(
        plain, parts=tuple(parts), interventions=tuple(interventions), claims=tuple(claims)
    )


def changes(model, entry: Circuit, count: int = 6) -> list[RowChanges]:
    rows = [RowActivations(each, {}) for each in instances(model, ROWS[::11][:count])]
    return [row_changes(entry, entry.interventions[0], row, None) for row in rows]


def drawn(model, changed: list[RowChanges], draws: int = 50) -> HeadControls:
    inside = frozenset((head.layer, head.head) for row in changed for head in row.heads)
    limits = (MatchingSettings(), draws)
    generator = np.random.default_rng(0)
    return head_controls.head_controls(model, changed, inside, limits, generator)


def writes(model, row: RowChanges) -> torch.Tensor:
    """What each head writes at the last position of a row, read off the model."""
    ids = torch.from_numpy(row.row.instance.ids)[None]
    given = model.run(ids, read=[(Site.HEAD_OUTPUT, 0)]).values[Site.HEAD_OUTPUT, 0][0, -1]
    return torch.einsum("hd,hdm->hm", given, model.attention(0).output).double()


def test_a_head_that_carries_the_answer_is_supported_and_another_is_refuted(model):
    entry = circuit(carrier=(CARRIER,), idle=(IDLE,))
    dictionary = tiny_models.random_transcoders(model)
    found = {each.claim: each for each in measure_claims(model, dictionary, entry, ROWS)}
    verdicts = derive_verdicts(entry.claims, found)
    assert {name: verdict.word for name, verdict in verdicts.items()} == {
        "carrier": "supported",
        "idle": "not_supported",
    }
    carrier = found["carrier"]
    assert (carrier.n, carrier.unmatched_rows) == (len(ROWS), 0)
    assert carrier.control.kind == MATCHED_HEADS
    assert carrier.control.p_value == 1 / (1 + len(carrier.control.draws)) <= 0.05
    assert max(map(abs, carrier.control.draws)) < carrier.value / 2
    reasons = " ".join(verdicts["carrier"].reasons)
    assert "against matched heads" in reasons


def test_a_draw_is_one_set_of_other_heads_that_write_as_much(model):
    changed = changes(model, circuit(carrier=(CARRIER, IDLE)))
    found = drawn(model, changed)
    assert len(found.draws) == 50
    assert not found.exhaustive
    sets = [[{head.head for head in row} for row in draw] for draw in found.draws]
    assert all(row == draw[0] for draw in sets for row in draw)
    assert len({tuple(sorted(draw[0])) for draw in sets}) == 50
    members = set().union(*(draw[0] for draw in sets))
    assert members <= set(range(HEADS)) - {CARRIER, IDLE}
    given = [writes(model, row) for row in changed]

    def size(heads):
        return float(
            np.sqrt(np.mean([float(each[list(heads)].sum(0).norm()) ** 2 for each in given]))
        )

    sizes = [size(draw[0]) for draw in sets]
    np.testing.assert_allclose(sizes, size([CARRIER, IDLE]), rtol=0.2)
    assert size([LOUD]) > 2 * size([CARRIER])
    assert not any(draw[0] == {LOUD, other} for draw in sets for other in range(HEADS))


@pytest.mark.parametrize(("action", "factor"), [("ablate", None), ("scale", 1.5), ("scale", 0.5)])
def test_the_control_changes_the_write_by_as_much_and_the_same_way(action, factor, model):
    entry = circuit(carrier=(CARRIER,))
    step = Step(part="carrier", action=action, factor=factor)
    entry = replace(entry, interventions=(replace(entry.interventions[0], steps=(step,)),))
    changed = changes(model, entry)
    by = abs((factor or 0.0) - 1.0)
    for draw in drawn(model, changed, draws=4).draws:
        for row, heads in zip(changed, draw, strict=True):
            given = writes(model, row)
            change = sum((head.factor - 1.0) * given[head.head] for head in heads)
            assert float(change.norm()) == pytest.approx(
                by * float(given[CARRIER].norm()), rel=1e-4
            )
            assert all((head.factor > 1) == (factor == 1.5) for head in heads)


def test_the_check_of_entries_counts_the_sets_that_are_drawn_here():
    assert MatchingSettings().more_features == MORE_HEADS
    assert 1 / (1 + FEWEST_SETS) <= LARGEST_P_VALUE < 1 / FEWEST_SETS


def test_all_sets_are_taken_where_there_are_few(tiny_model):
    model = tiny_model("llama")  # four heads in a layer
    entry = circuit(some=(0,))
    rows = [RowActivations(each, {}) for each in instances(model, ROWS[:4])]
    changed = [row_changes(entry, entry.interventions[0], row, None) for row in rows]
    loose = (MatchingSettings(tolerance=100.0), 50)
    inside = frozenset({(0, 0)})
    found = head_controls.head_controls(model, changed, inside, loose, np.random.default_rng(0))
    assert found.exhaustive
    assert found.larger
    sets = [sorted({head.head for head in draw[0]}) for draw in found.draws]
    assert sorted(sets) == [[1], [1, 2], [1, 2, 3], [1, 3], [2], [2, 3], [3]]
    assert [len(each) for each in sets] == [1, 1, 1, 2, 2, 2, 3]
    strict = (MatchingSettings(tolerance=1e-9), 50)
    none = head_controls.head_controls(model, changed, inside, strict, np.random.default_rng(0))
    assert none.draws == ()


def test_heads_of_two_layers_are_replaced_layer_by_layer(tiny_model):
    model = tiny_model("gemma2")
    entry = circuit(some=(0,))
    both = (LayerHead(0, 0), LayerHead(2, 1))
    entry = replace(entry, parts=(replace(entry.parts[0], heads=both),))
    rows = [RowActivations(each, {}) for each in instances(model, ROWS[:3])]
    changed = [row_changes(entry, entry.interventions[0], row, None) for row in rows]
    loose = (MatchingSettings(tolerance=100.0), 20)
    inside = frozenset({(0, 0), (2, 1)})
    found = head_controls.head_controls(model, changed, inside, loose, np.random.default_rng(0))
    assert len(found.draws) == 20
    first = found.draws[:9]  # three other heads in either layer
    pairs = {tuple(sorted((head.layer, head.head) for head in draw[0])) for draw in first}
    assert pairs == {((0, a), (2, b)) for a in (1, 2, 3) for b in (0, 2, 3)}


def test_more_sets_than_can_be_listed_are_drawn_at_random(model, monkeypatch):
    monkeypatch.setattr(head_controls, "MOST_LISTED", 30)
    changed = changes(model, circuit(carrier=(CARRIER,)))
    found = drawn(model, changed, draws=10)
    sets = {tuple(sorted({head.head for head in draw[0]})) for draw in found.draws}
    assert len(sets) == 10
