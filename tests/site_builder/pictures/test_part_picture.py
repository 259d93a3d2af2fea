import re

from atlas.entries.circuit import Circuit
from site_builder.part_nodes import FoundEdge
from site_builder.pictures.part_boxes import PartScene, place_boxes
from site_builder.pictures.part_picture import part_svg
from tests.site_builder.built_site import PageReader
from tests.site_builder.example_library import capitals

CIRCUIT = Circuit.from_data(capitals())
COLUMNS = {"city": 7.0, "state": 7.0, "capital-of": 2.0, "say-capital": 8.0}


def scene(**changes) -> PartScene:
    edges = (
        FoundEdge("city", "state", "positive", 0.6, 0.8),
        FoundEdge("state", "say-capital", "positive", 0.2, 0.4),
        FoundEdge("city", "say-capital", "negative", 0.0, 0.1),
    )
    fields = {
        "circuit": CIRCUIT, "columns": COLUMNS, "values": {"state": "Texas"}, "edges": edges,
        "answers": {"say-capital": -0.2}, "answer": "Austin", "tokens": {7.0: "Dallas"},
    }  # fmt: skip
    return PartScene(**{**fields, **changes})


def test_a_part_stands_above_those_that_lead_to_it_and_right_of_earlier_tokens():
    boxes = place_boxes(scene())
    assert boxes["say-capital"].y < boxes["state"].y < boxes["city"].y
    assert boxes["capital-of"].x < boxes["city"].x == boxes["state"].x < boxes["say-capital"].x


def test_boxes_do_not_overlap():
    boxes = list(place_boxes(scene()).values())
    for at, box in enumerate(boxes):
        for other in boxes[at + 1 :]:
            apart = abs(box.y - other.y) >= (box.height + other.height) / 2
            assert box.x != other.x or apart


def test_arrows_tell_sign_and_what_was_not_found():
    page = PageReader(part_svg(scene()))
    arrows = [v["class"] for name, v in page.elements if name == "path" and "arrow" in v["class"]]
    assert arrows.count("arrow arrow-positive") == 2
    assert arrows.count("arrow arrow-negative arrow-missing") == 1
    assert arrows.count("arrow arrow-negative") == 1  # what the last part does to the answer
    assert {"Texas", "Dallas", "Austin"} <= set(page.words)


def test_wider_arrows_carry_more():
    svg = part_svg(scene(answers={}))
    widths = [float(each) for each in re.findall(r'stroke-width="([\d.]+)"', svg)]
    assert widths[0] > widths[1] > widths[2]


def test_edges_in_a_circle_still_have_a_picture():
    edges = (
        FoundEdge("city", "state", "positive", 0.5, 0.5),
        FoundEdge("state", "city", "positive", 0.5, 0.5),
    )
    assert "<svg" in part_svg(scene(edges=edges))


def test_a_circuit_without_parts_has_no_picture():
    data = {**capitals(), "parts": [], "edges": [], "interventions": [], "claims": []}
    assert part_svg(scene(circuit=Circuit.from_data(data), columns={}, edges=())) == ""
