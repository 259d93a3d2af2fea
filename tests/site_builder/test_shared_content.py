"""What circuits share, on circuits whose answer can be worked out by hand."""

import numpy as np
import pytest

from site_builder.shared_content import KEPT, services, shared_content


def circuit(name, influence, features, dictionary="saes", model="m", kind="public"):
    return {
        "id": name,
        "title": name.title(),
        "page": f"circuits/{name}/index.html",
        "model": model,
        "kind": kind,
        "dictionary": dictionary,
        "behaviour": f"behaviour of {name[0]}",
        "behaviour_id": name[0],
        "parts": [{"id": "p", "label": "the part", "features": features}],
        "influence": influence,
        "prompt": f"prompt of {name}",
    }


A = circuit("a", {"0-1": 0.6, "0-2": 0.8}, ["0-1", "0-2"])
B = circuit("b", {"0-1": 0.6, "0-3": 0.8}, ["0-1", "0-3", "0-4"])
C = circuit("c", {"1-1": 1.0}, ["0-9"])
OTHER = circuit("d", {"0-1": 1.0}, ["0-1"], dictionary="other")
FAR = circuit("e", {"0-1": 1.0}, ["0-1"], model="microworld", kind="microworld")


def test_both_measures_are_what_they_say():
    (found,) = shared_content([A, B, C])
    likeness = found.likeness(range(3), range(3))
    assert likeness.jaccard[0, 1] == pytest.approx(1 / 4)
    assert likeness.cosine[0, 1] == pytest.approx(0.36)
    assert likeness.shared_parts[0, 1] == 1
    assert np.diag(likeness.jaccard) == pytest.approx(1)
    assert likeness.cosine[0, 2] == likeness.jaccard[0, 2] == 0
    assert (found.survey.pairs, found.survey.pair_count) == (((0, 1),), 1)


def test_of_many_circuits_the_most_alike_pairs_are_kept_in_order(monkeypatch):
    draw = np.random.default_rng(3)
    names = [f"0-{each}" for each in range(12)]
    many = [
        circuit(
            f"{at}", dict(zip(names, draw.random(12).round(1), strict=True)), names[at % 5 :][:3]
        )
        for at in range(40)
    ]
    monkeypatch.setattr("site_builder.shared_content.BLOCK", 7)
    (found,) = shared_content(many)
    weight = found.likeness(range(40), range(40)).weight
    pairs = sorted(
        ((one, other) for one in range(40) for other in range(one + 1, 40) if weight[one, other]),
        key=lambda pair: (-weight[pair], pair),
    )
    assert found.survey.pair_count == len(pairs)
    assert found.survey.pairs == tuple(pairs[: len(found.survey.pairs)])
    assert len(found.survey.pairs) == KEPT
    np.testing.assert_allclose(found.survey.totals, weight.sum(axis=1) - np.diag(weight))


def test_other_dictionaries_and_models_are_never_mixed():
    assert [each.dictionary for each in shared_content([A, B, OTHER, FAR])] == ["saes"]
    twin = {**FAR, "id": "f", "behaviour_id": "f"}
    found = shared_content([A, B, FAR, twin])
    assert [(each.kind, len(each.circuits)) for each in found] == [("microworld", 2), ("public", 2)]
    assert shared_content([A, OTHER, FAR]) == []


def test_those_that_share_most_stand_first_and_beside_each_other():
    (found,) = shared_content([C, A, B])
    assert found.most_alike(3) == [1, 2, 0]
    assert found.most_alike(2) == [1, 2]


def test_features_of_several_behaviours_are_named_with_each():
    (found,) = shared_content([A, B, C])
    (only,) = services(found)
    assert only.feature == "0-1"
    assert [(each["id"], amount, part) for each, amount, part in only.behaviours] == [
        ("a", 0.6, "the part"),
        ("b", 0.6, "the part"),
    ]
    same = {**B, "behaviour_id": "a"}
    assert services(shared_content([A, same])[0]) == []


def test_circuits_without_features_or_graph_share_nothing():
    empty = [circuit("x", {}, []), circuit("y", {}, [])]
    (found,) = shared_content(empty)
    assert found.survey.pairs == () and services(found) == []
    assert not found.likeness([0, 1], [0, 1]).weight.any()
