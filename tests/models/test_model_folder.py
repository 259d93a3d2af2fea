"""Where a model's files lie, and at which revision."""

from __future__ import annotations

import pytest

from atlas.models.model_folder import model_folder, split_revision


@pytest.mark.parametrize(
    ("reference", "name", "revision"),
    [
        ("google/gemma-2-2b", "google/gemma-2-2b", None),
        ("google/gemma-2-2b@c5ebcd4", "google/gemma-2-2b", "c5ebcd4"),
        ("gpt2@", "gpt2", None),
    ],
)
def test_a_hub_id_may_have_a_revision(reference, name, revision):
    assert split_revision(reference) == (name, revision)


def test_a_folder_may_have_any_name(tmp_path):
    folder = tmp_path / "me@home"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    assert split_revision(str(folder)) == (str(folder), None)
    assert model_folder(str(folder)) == folder


@pytest.mark.parametrize("revision", [None, "v1", "a" * 40])
def test_the_hubs_cache_is_looked_into(revision, tmp_path, monkeypatch):
    """Its layout: a folder per model, in it one per commit, and files that name commits."""
    from huggingface_hub import constants, file_download

    commit = "a" * 40
    place = tmp_path / "models--owner--name"
    (place / "snapshots" / commit).mkdir(parents=True)
    (place / "snapshots" / commit / "config.json").write_text("{}")
    (place / "refs").mkdir()
    for name in ("main", "v1"):
        (place / "refs" / name).write_text(commit)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(file_download, "HF_HUB_CACHE", str(tmp_path), raising=False)
    assert model_folder("owner/name", revision) == place / "snapshots" / commit
    assert model_folder("owner/name", "another") is None


@pytest.mark.parametrize("reference", ["", "nobody/no-such-model", "no model at all", "a/b/c/d"])
def test_what_is_not_there_is_nowhere(reference):
    assert model_folder(reference) is None
