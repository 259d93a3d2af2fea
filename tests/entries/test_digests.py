"""Digests say whether bytes or names changed, wherever a folder lies."""

import hashlib

from atlas.entries.digests import file_digest, folder_digest, text_digest


def write(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_a_folder_is_the_sorted_list_of_its_files(tmp_path):
    folder = write(tmp_path / "a", b="two", a__c="one")
    lines = [f"{name} {hashlib.sha256(text).hexdigest()}\n"
             for name, text in (("a/c", b"one"), ("b", b"two"))]  # fmt: skip
    assert folder_digest(folder) == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_place_does_not_matter_and_content_and_names_do(tmp_path):
    first = folder_digest(write(tmp_path / "a", x="one"))
    assert folder_digest(write(tmp_path / "b", x="one")) == first
    assert folder_digest(write(tmp_path / "c", x="two")) != first
    assert folder_digest(write(tmp_path / "d", y="one")) != first


def test_a_file_and_the_same_text_agree(tmp_path):
    write(tmp_path, x="größer")
    assert file_digest(tmp_path / "x") == text_digest("größer")
