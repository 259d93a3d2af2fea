"""Dashboards of a whole dictionary, from a text or a file of tokens."""

import gzip
import json
import shutil
from dataclasses import asdict, replace

import numpy as np
import pytest
from click.testing import CliRunner

from atlas.commands.dashboard import command
from atlas.dashboards.circuit_tracer_features import read_feature, read_record
from atlas.dashboards.dashboard import Dashboard
from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.errors import BadInput
from atlas.methods.observation import activity_record
from atlas.methods.observation.layer_dashboards import ObserveSettings
from atlas.methods.observe import observe
from atlas.models.checkpoints import circuit_tracer
from atlas.models.language_model import LanguageModel
from atlas.runs import make_dashboards
from tests.files.small_disk import assert_no_room, call, files_of, on_small_disk
from tests.models import tiny_models

ROWS, LENGTH = 80, 9


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    root = tmp_path_factory.mktemp("dashboards")
    folder = tiny_models.save_model(root / "model")
    model = LanguageModel.load(str(folder))
    circuit_tracer.save(tiny_models.random_transcoders(model), root / "transcoders", "tiny")
    ids = np.random.default_rng(0).integers(3, 40, (ROWS, LENGTH))
    ids[:, 0] = 0
    np.save(root / "ids.npy", ids)
    return root, model, ids


def run(root, out, *options):
    arguments = ["--model", root / "model", "--dictionary", root / "transcoders"]
    arguments += ["--tokens", root / "ids.npy", "--out", out, *options]
    return CliRunner().invoke(command, [str(each) for each in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def whole(given):
    """Dashboards from one run that nothing disturbed."""
    run(given[0], given[0] / "whole")
    return given[0] / "whole"


def same_bytes(whole, out) -> bool:
    names = {path.name for path in whole.iterdir()}
    assert names == {path.name for path in out.iterdir()}
    return all((whole / name).read_bytes() == (out / name).read_bytes() for name in names)


def read(folder, layer) -> list[Dashboard]:
    lines = gzip.decompress((folder / f"layer-{layer}.jsonl.gz").read_bytes()).splitlines()
    return [Dashboard.from_json(json.loads(line)) for line in lines]


def assert_close(one, other):
    """Equal but for one in the fourth decimal of a number."""
    if isinstance(one, float) and isinstance(other, float):
        assert one == pytest.approx(other, abs=1.5e-4)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for name, value in one.items():
            assert_close(value, other[name])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for first, second in zip(one, other, strict=True):
            assert_close(first, second)
    else:
        assert one == other


def test_each_feature_gets_the_dashboard_that_it_gets_alone(given, tmp_path):
    root, model, ids = given
    result = run(root, tmp_path / "out", "--layer", "1", "--layer", "2")
    assert result.exit_code == 0
    assert f"on {ROWS * (LENGTH - 1)} tokens; written to" in result.output
    dictionary = circuit_tracer.load(root / "transcoders")
    labelled = LabelledTokens(ids, {}, {}, np.full(ROWS, -1, dtype=np.int8), ())
    alone = observe(model, dictionary, labelled, {(1, 3): None, (2, 11): None}, ObserveSettings())
    for (layer, index), (expected, _) in alone.items():
        found = read(tmp_path / "out", layer)
        assert [one.index for one in found] == list(range(dictionary.features(layer)))
        # By itself a feature is multiplied in another shape, which may round its last digit.
        assert_close(asdict(replace(found[index], together=(), labels=())), asdict(expected))
    manifest = json.loads((tmp_path / "out" / "dashboards.json").read_text())
    assert [count["layer"] for count in manifest["layers"]] == [1, 2]


def test_the_layout_of_the_hub(given, whole, tmp_path):
    root, _, _ = given
    result = run(root, tmp_path / "features", "--layout", "circuit-tracer", "--format", "json")
    assert {path.name for path in (tmp_path / "features").iterdir()} == {
        "index.json.gz",
        *(f"layer_{layer}.bin" for layer in range(3)),
    }
    assert len(json.loads(result.stdout)["layers"]) == 3
    ours = read(whole, 2)[11]
    record = read_record(tmp_path / "features", 2, 11)
    theirs = read_feature(record, "tiny", 2)
    assert [one.tokens for one in theirs.top] == [one.tokens for one in ours.top]
    assert theirs.histogram.counts == ours.histogram.counts
    assert record["quantile_values"] == sorted(record["quantile_values"])
    assert record["quantile_values"][-1] == ours.maximum


def test_an_interrupted_run_goes_on_and_ends_with_the_same_bytes(
    given, whole, tmp_path, monkeypatch
):
    root, _, _ = given
    record = make_dashboards.ActivityRecord.record

    def broken(self, engine, labelled, rows, progress):
        def stop(done, rows):
            if done >= 32:
                raise KeyboardInterrupt

        record(self, engine, labelled, rows, stop)

    monkeypatch.setattr(make_dashboards.ActivityRecord, "record", broken)
    run(root, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    state = json.loads((tmp_path / "out.recording/activity/recorded.json").read_text())
    assert state["rows"] == 32
    with (tmp_path / "out.recording/activity/dictionary-0-layer-0.entries").open("ab") as file:
        file.write(b"half a pass")
    monkeypatch.setattr(make_dashboards.ActivityRecord, "record", record)
    with pytest.raises(BadInput, match="another layers"):
        run(root, tmp_path / "out", "--layer", "1")
    run(root, tmp_path / "out")
    assert not (tmp_path / "out.recording").exists()
    assert same_bytes(whole, tmp_path / "out")


def test_parts_that_were_read_apart_join_to_the_same_bytes(given, whole, tmp_path, monkeypatch):
    root, _, _ = given
    for number in (2, 1, 3):  # 32 sequences, then 32, then the last 16
        result = run(root, tmp_path / "out", "--part", f"{number}/3")
        assert "sequences read into" in result.output
    with pytest.raises(BadInput, match="another layers"):
        run(root, tmp_path / "out", "--layer", "1")
    shutil.rmtree(tmp_path / "out.recording")
    read = []
    monkeypatch.setattr(
        activity_record, "shared_passes", lambda *given: read.append(given[2]) or ()
    )
    run(root, tmp_path / "out")
    assert [len(tokens) for tokens, _ in read] == [0]  # nothing was left to read
    assert same_bytes(whole, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_missing_part_is_read_where_parts_are_joined(given, whole, tmp_path):
    root, _, _ = given
    run(root, tmp_path / "out", "--part", "1/3")
    run(root, tmp_path / "out")
    assert same_bytes(whole, tmp_path / "out")


@pytest.mark.parametrize("part", ["0/3", "4/3", "1", "a/b", "-1/2"])
def test_a_part_that_is_none_is_refused(given, tmp_path, part):
    with pytest.raises(BadInput, match="K/N"):
        run(given[0], tmp_path / "out", "--part", part)


def test_portions_of_a_layer_give_the_same_figures(given, whole, tmp_path, monkeypatch):
    root, _, _ = given
    monkeypatch.setattr(make_dashboards, "ENTRIES_AT_ONCE", 3000)
    monkeypatch.setattr(activity_record, "READ_AT_ONCE", 700)
    run(root, tmp_path / "out")
    for layer in range(3):
        at_once, in_portions = (read(at, layer) for at in (whole, tmp_path / "out"))
        products = {"promoted": (), "suppressed": (), "similar": ()}  # rounded by their shape
        for one, other in zip(at_once, in_portions, strict=True):
            assert replace(one, **products) == replace(other, **products)
            assert [s.cosine for s in one.similar] == pytest.approx(
                [s.cosine for s in other.similar], abs=2e-4
            )


def test_portions_are_whole_shards_that_fit(monkeypatch):
    counts = np.full(1000, 10)
    assert list(make_dashboards.portions(counts)) == [(0, 1000)]
    monkeypatch.setattr(make_dashboards, "ENTRIES_AT_ONCE", 3000)  # of 300 features
    expected = [(0, 256), (256, 512), (512, 768), (768, 1000)]
    assert list(make_dashboards.portions(counts)) == expected
    monkeypatch.setattr(make_dashboards, "ENTRIES_AT_ONCE", 100)  # less than one shard
    assert list(make_dashboards.portions(counts)) == expected
    monkeypatch.setattr(make_dashboards, "ENTRIES_AT_ONCE", 1 << 20)
    monkeypatch.setattr(make_dashboards, "PAIRS_AT_ONCE", 600_000)
    assert list(make_dashboards.portions(counts)) == [(0, 512), (512, 1000)]
    assert list(make_dashboards.portions(counts[:0])) == []


def test_sequences_are_spread_over_the_tokens(given, tmp_path):
    root, _, _ = given
    result = run(root, tmp_path / "out", "--sequences", "20")
    assert f"on {20 * (LENGTH - 1)} tokens" in result.output
    manifest = json.loads((tmp_path / "out" / "dashboards.json").read_text())
    assert manifest["sequences"] == 20
    labelled = LabelledTokens(given[2], {}, {}, np.full(ROWS, -1, dtype=np.int8), ())
    assert np.array_equal(labelled.spread(20).tokens, given[2][::4])
    assert np.array_equal(labelled.spread(1000).tokens, given[2])


def test_bad_input_is_said_before_anything_is_written(given, tmp_path):
    root, _, _ = given
    with pytest.raises(BadInput, match="a folder that does not exist yet"):
        run(root, tmp_path)
    with pytest.raises(BadInput, match="layers among"):
        run(root, tmp_path / "out", "--layer", "7")
    arguments = ["--model", str(root / "model"), "--dictionary", str(root / "transcoders")]
    with pytest.raises(BadInput, match="--tokens"):
        CliRunner().invoke(
            command, [*arguments, "--out", str(tmp_path / "out")], catch_exceptions=False
        )
    assert not list(tmp_path.iterdir())


RENEW = ("--dictionary", "saes", "--layout", "site", "--sequences", "12", "--layer", "0")


def renew(out, *options):
    arguments = ["--model", "microworld", *RENEW, "--renew", "--out", str(out), *options]
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


def test_dashboards_of_the_same_weights_tokens_options_and_code_are_kept(tmp_path, monkeypatch):
    out = tmp_path / "saes"
    assert "written to" in renew(out).output
    made = {path.name: path.read_bytes() for path in out.iterdir()}
    assert {"dashboards.json", "0-0.shard", "0-1280.shard"} <= set(made)
    monkeypatch.setattr(make_dashboards, "make_dashboards", None)
    assert "up to date" in renew(out).output
    monkeypatch.undo()
    recording = tmp_path / "saes.recording"
    recording.mkdir()
    (recording / "plan.json").write_text('{"made_from": "something else"}')
    assert "written to" in renew(out, "--similar", "layer").output
    again = {path.name: path.read_bytes() for path in out.iterdir()}
    assert again["0-0.shard"] != made["0-0.shard"]
    assert not recording.exists()


def test_only_dashboards_are_replaced(tmp_path, given):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BadInput, match="made before"):
        renew(tmp_path)
    assert (tmp_path / "notes.txt").is_file()
    with pytest.raises(BadInput, match="its own tokens"):
        run(given[0], tmp_path / "out", "--renew")


def test_with_too_little_room_the_recording_stays_and_nothing_else(given, whole, tmp_path):
    root, _, _ = given
    words = ("dashboard", "--model", root / "model", "--dictionary", root / "transcoders",
             "--tokens", root / "ids.npy")  # fmt: skip

    def work(disk):
        out = disk.folder / "out"
        code, refused = 1, 0
        for room in (0, 16_000, 60_000, 200_000, 1 << 23):
            disk.fill(leave=room)
            code, said = call(*words, "--out", out)
            disk.make_room()
            if code == 0:
                break
            refused += 1
            assert_no_room(said, disk.folder)
            assert {path.name for path in disk.folder.iterdir()} <= {"out.recording"}
        assert (code, same_bytes(whole, out)) == (0, True)
        assert refused >= 2
        kept = files_of(disk.folder)
        disk.read_only()
        code, said = call(*words, "--out", disk.folder / "other")
        assert (code, said.count("\n")) == (1, 1)
        assert "Read-only file system" in said
        assert files_of(disk.folder) == kept

    on_small_disk(tmp_path / "disk", 1 << 24, work)


def test_a_recording_that_lost_entries_begins_anew(given, whole, tmp_path, monkeypatch):
    root, _, _ = given
    with monkeypatch.context() as patch:
        patch.setattr(make_dashboards, "whole_folder", None)
        with pytest.raises(TypeError):
            run(root, tmp_path / "out")
    entries = tmp_path / "out.recording/activity/dictionary-0-layer-1.entries"
    entries.write_bytes(entries.read_bytes()[:-16])
    run(root, tmp_path / "out")
    assert same_bytes(whole, tmp_path / "out")


def test_what_a_run_left_that_died_after_its_last_step_is_cleared(given, tmp_path):
    root, _, _ = given
    run(root, tmp_path / "out", "--layer", "0")
    (tmp_path / "out.recording").mkdir()
    with pytest.raises(BadInput, match="a folder that does not exist yet"):
        run(root, tmp_path / "out", "--layer", "0")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
