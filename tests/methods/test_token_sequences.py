import json
from dataclasses import replace

import numpy as np
import pytest

from atlas.errors import BadInput, UnknownFormat
from atlas.methods import token_sequences
from atlas.methods.token_sequences import SequenceSettings, read_sequences

SETTINGS = SequenceSettings(length=5, rows=4, held_out=0.25)
WORDS = [f"w{number % 37}" for number in range(41)]
IDS = [3 + number % 37 for number in range(41)]


def text_file(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text(" ".join(WORDS[:20]) + "\n" + " ".join(WORDS[20:]))
    return path


def test_text_is_cut_into_sequences_that_start_with_the_first_token(tiny_model, tmp_path):
    found = read_sequences(tiny_model(), [text_file(tmp_path)], SETTINGS)
    rows = np.concatenate([found.training, found.held_out])
    assert found.training.shape == (8, 5)
    assert found.held_out.shape == (2, 5)
    assert (rows[:, 0] == 0).all()
    assert sorted(rows[:, 1:].ravel()) == sorted(IDS[:40])


@pytest.mark.parametrize("piece", [10, 33, 200_000])
def test_text_is_the_same_however_it_is_cut_for_the_tokenizer(
    tiny_model, tmp_path, monkeypatch, piece
):
    path = tmp_path / "lines.txt"
    path.write_text("\n".join(WORDS))
    monkeypatch.setattr(token_sequences, "PIECE", piece)
    found = read_sequences(tiny_model(), [path], SETTINGS)
    assert sorted(np.concatenate([found.training, found.held_out])[:, 1:].ravel()) == sorted(
        IDS[:40]
    )


def test_every_kind_of_file_gives_the_same_sequences(tiny_model, tmp_path):
    model, expected = tiny_model(), read_sequences(tiny_model(), [text_file(tmp_path)], SETTINGS)
    lines = [json.dumps({"text": " ".join(part)}) for part in (WORDS[:7], WORDS[7:])]
    (tmp_path / "words.jsonl").write_text("\n".join([*lines, ""]))
    np.save(tmp_path / "ids.npy", np.array(IDS, dtype=np.uint16))
    rows = np.insert(np.array(IDS[:40]).reshape(10, 4), 0, 0, axis=1)
    np.savez(tmp_path / "rows.npz", tokens=rows)
    for name in ("words.jsonl", "ids.npy", "rows.npz"):
        found = read_sequences(model, [tmp_path / name], SETTINGS)
        np.testing.assert_array_equal(found.training, expected.training)
        np.testing.assert_array_equal(found.held_out, expected.held_out)


def test_batches_go_round_in_new_orders(tiny_model, tmp_path):
    found = read_sequences(tiny_model(), [text_file(tmp_path)], SETTINGS)
    batches = found.batches()
    rounds = [np.concatenate([next(batches), next(batches)]) for _ in range(2)]
    assert not np.array_equal(*rounds)
    assert sorted(map(tuple, rounds[0])) == sorted(map(tuple, rounds[1]))
    assert [len(batch) for batch in found.measured(5)] == [1]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", b"", "a file of .txt, .jsonl, .npy, .npz; found .parquet"),
        ("a.txt", b"\xff\xfe\x00", "text in UTF-8"),
        ("a.jsonl", b'{"words": 1}', 'a.jsonl:1: expected an object with "text"'),
        ("a.jsonl", b'{"text": 1}', "to be a string; found int"),
        ("a.npy", b"not an array", "arrays of token ids"),
        ("a.npz", b"PK\x03\x04 broken", "arrays of token ids"),
        ("a.txt", b"", "at least one whole sequence; found none"),
        ("a.txt", b"w1 w2 w3", "at least one whole sequence; found none"),
    ],
)
def test_other_files_are_refused_in_one_line(tiny_model, tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises((UnknownFormat, BadInput)) as raised:
        read_sequences(tiny_model(), [path], SETTINGS)
    assert message in str(raised.value) and "\n" not in str(raised.value)


def test_pickles_and_numbers_that_are_no_ids_are_refused(tiny_model, tmp_path):
    arrays = {
        "objects": (np.array([{"a": 1}], dtype=object), "arrays of token ids"),
        "floats": (np.ones(9), "whole numbers"),
        "cube": (np.ones((2, 2, 2), dtype=int), "whole numbers"),
        "unknown": (np.full(90, 40), "token ids from 0 to 39; found 40"),
        "negative": (np.full(90, -1), "token ids from 0 to 39; found -1"),
        "thin": (np.ones((9, 1), dtype=int), "rows of at least two tokens"),
    }
    for name, (array, message) in arrays.items():
        np.save(tmp_path / f"{name}.npy", array, allow_pickle=True)
        with pytest.raises((UnknownFormat, BadInput), match=message):
            read_sequences(tiny_model(), [tmp_path / f"{name}.npy"], SETTINGS)


def test_lengths_must_fit_the_model_and_each_other(tiny_model, tmp_path):
    model = tiny_model()
    with pytest.raises(BadInput, match="2 to"):
        read_sequences(model, [text_file(tmp_path)], replace(SETTINGS, length=model.context + 1))
    np.save(tmp_path / "a.npy", np.ones((4, 6), dtype=int))
    with pytest.raises(BadInput, match=r"sequences of one length; found lengths \[5, 6\]"):
        read_sequences(model, [text_file(tmp_path), tmp_path / "a.npy"], SETTINGS)
