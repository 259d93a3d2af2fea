"""The buttons of an entry's notebook: Colab only where the notebooks are published."""

import pytest

from atlas.errors import BadInput
from site_builder.build import BuildSettings, addresses
from site_builder.pages.run_yourself import circuit_notebook, notebook_section
from site_builder.reading import read_site
from tests.site_builder.built_site import PageReader, example_library

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "https://github.com/example/llm-circuits-atlas"


def links(repo_url: str, commit: str, tmp_path) -> list[str]:
    settings = BuildSettings(tmp_path / "site", tmp_path / "work", notebooks_commit=commit)
    where = addresses({"repo_url": repo_url}, settings)
    site = read_site(example_library(), None, where)
    record = site.circuits["microworld-states-and-capitals"]
    page = PageReader(str(notebook_section(circuit_notebook(record), True, site)))
    return [values["href"] for name, values in page.elements if name == "a"]


def test_colab_opens_the_published_commit_of_the_notebook(tmp_path):
    (*_, colab) = links(REPOSITORY, COMMIT, tmp_path)
    assert colab == (
        "https://colab.research.google.com/github/example/llm-circuits-atlas/"
        f"blob/{COMMIT}/microworld-states-and-capitals.ipynb"
    )


@pytest.mark.parametrize("repo_url, commit", [("", COMMIT), (REPOSITORY, "")])
def test_without_a_published_notebook_there_is_a_download_and_no_button(repo_url, commit, tmp_path):
    found = links(repo_url, commit, tmp_path)
    assert "notebook.ipynb" in found
    assert not any("colab" in address for address in found)


def test_a_commit_must_be_a_commit(tmp_path):
    with pytest.raises(BadInput, match="40 hexadecimal digits; found main"):
        addresses({}, BuildSettings(tmp_path, tmp_path, notebooks_commit="main"))
