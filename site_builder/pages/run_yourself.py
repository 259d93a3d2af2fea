"""The notebook that runs an entry: as a page, as a download, and in Colab where it is published."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from site_builder.address import circuit_page, notebook_page, relative
from site_builder.html import Html, join, tag
from site_builder.pages.provenance import command_block
from site_builder.records import CircuitRecord, SiteRecords

NOTEBOOK_FILE = "notebook.ipynb"


def notebook_section(record: CircuitRecord, site: SiteRecords) -> Html:
    """Links to the notebook, and the commands that run it."""
    here = circuit_page(record.circuit.id)
    buttons: list[Html] = []
    if record.notebook_file is not None:
        executed = relative(here, notebook_page(record.circuit.id))
        buttons.append(
            tag(
                "a",
                {"class": "button button-strong", "href": executed},
                "Read the executed notebook",
            )
        )
        buttons.append(
            tag(
                "a",
                {
                    "class": "button",
                    "href": NOTEBOOK_FILE,
                    "download": f"{record.circuit.id}.ipynb",
                },
                "Download it",
            )
        )
    address = colab_address(record.circuit.id, site)
    if address:
        buttons.append(
            tag("a", {"class": "button", "href": address, "rel": "noopener"}, "Open in Colab")
        )
    words = (
        "Prompt, graph, pruned circuit, interventions and claims, step "
        "by step, on your own machine:"
    )
    command = f"pip install 'llm-circuits-atlas[all]'\natlas notebook {record.circuit.id}"
    listed = tag("ul", {"class": "actions"}, *(tag("li", {}, button) for button in buttons))
    return join([listed if buttons else "", tag("p", {}, words), command_block(command)])


def colab_address(entry: str, site: SiteRecords) -> str:
    """Where Colab opens the entry's notebook; empty unless the repository is a published one."""
    parts = urlsplit(site.repo_url)
    if parts.hostname != "github.com" or not site.notebooks_commit:
        return ""
    where = f"{parts.path.strip('/')}/blob/{site.notebooks_commit}/{quote(entry)}.ipynb"
    return f"https://colab.research.google.com/github/{where}"
