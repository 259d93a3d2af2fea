import json
import shutil
from dataclasses import replace

import pytest

from atlas.errors import BadInput
from site_builder.dashboards import check_unchanged, feature_address, read_dashboards
from site_builder.pages.any_feature import feature_view
from site_builder.reading import read_site
from tests.site_builder.built_site import built_site, example_library
from tests.site_builder.example_dashboards import FEATURES, write_dashboards

NAME = "microworld/transcoders"


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = write_dashboards(tmp_path_factory.mktemp("shards"))
    return replace(read_site(example_library(), None, {}), dashboards=read_dashboards(folder))


def test_a_feature_has_its_own_page_or_that_of_all_features_or_none(records):
    assert feature_address(f"{NAME}/2-117", records) == f"features/{NAME}/2-117/index.html"
    assert feature_address(f"{NAME}/4-7", records) == f"features/index.html?id={NAME}/4-7"
    for unknown in (f"{NAME}/4-{FEATURES}", f"{NAME}/3-7", "gpt2-small/transcoders/4-7"):
        assert feature_address(unknown, records) == ""


def test_a_site_without_dashboards_says_so(records):
    empty = replace(records, dashboards={})
    assert "atlas dashboard --layout site" in feature_view(empty)
    assert feature_address(f"{NAME}/4-7", empty) == ""
    assert read_dashboards(None) == {}


def test_what_is_said_of_features_is_beside_their_shards():
    folder = built_site().folder / "dashboards"
    known = json.loads((folder / NAME / "known.json").read_text("utf-8"))
    assert known["2-117"]["label"] == "A city in Texas"
    uses = {use["page"]: use for use in known["2-300"]["uses"]}
    use = uses["circuits/microworld-states-and-capitals/index.html"]
    assert use["part_id"] and use["claims"]
    index = json.loads((folder / "index.json").read_text("utf-8"))["dictionaries"][NAME]
    assert index["layers"]["4"]["features"] == FEATURES
    assert (folder / NAME / "4-512.shard").is_file()


@pytest.mark.parametrize(
    "said", ["", "[]", "{}", '{"layout": "site"}', '{"layout": "site", "layers": [3]}']
)
def test_a_manifest_that_nobody_wrote_is_refused_in_one_line(tmp_path, said):
    place = tmp_path / "microworld" / "saes"
    place.mkdir(parents=True)
    (place / "dashboards.json").write_text(said)
    with pytest.raises(BadInput, match="layout site") as refused:
        read_dashboards(tmp_path)
    assert "\n" not in str(refused.value)


def test_dashboards_of_another_layout_are_left_alone(tmp_path):
    place = tmp_path / "microworld" / "saes"
    place.mkdir(parents=True)
    (place / "dashboards.json").write_text('{"layout": "atlas"}')
    assert read_dashboards(tmp_path) == {}


def test_dashboards_that_were_replaced_meanwhile_are_noticed(tmp_path):
    folder = write_dashboards(tmp_path / "dashboards")
    found = read_dashboards(folder)
    check_unchanged(found)
    (first, *_) = found.values()
    shutil.copytree(first.folder, tmp_path / "copy")
    shutil.rmtree(first.folder)
    with pytest.raises(BadInput, match="build the site again"):
        check_unchanged(found)
    (tmp_path / "copy").rename(first.folder)
    with pytest.raises(BadInput, match="build the site again"):
        check_unchanged(found)


def test_dashboards_that_are_being_made_are_not_read(tmp_path):
    folder = write_dashboards(tmp_path / "dashboards")
    found = set(read_dashboards(folder))
    (model, *_) = (path for path in folder.iterdir() if path.is_dir())
    shutil.copytree(model, folder / f".{model.name}.unfinished")
    assert set(read_dashboards(folder)) == found
