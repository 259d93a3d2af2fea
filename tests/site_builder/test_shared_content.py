"""What circuits share, on circuits whose answer can be worked out by hand."""

import numpy as np
import pytest

from site_builder.shared_content import services, shared_content


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
    assert found.jaccard[0, 1] == pytest.approx(1 / 4)
    assert found.cosine[0, 1] == pytest.approx(0.36)
    assert found.shared_parts[0, 1] == 1
    assert np.diag(found.jaccard) == pytest.approx(1)
    assert found.cosine[0, 2] == found.jaccard[0, 2] == 0
    assert found.pairs() == [(0, 1)]


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
    assert found.pairs() == [] and services(found) == []
    assert not found.jaccard.any() and not found.cosine.any()
