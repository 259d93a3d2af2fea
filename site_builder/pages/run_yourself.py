"""The notebook that runs an entry: as a page, as a download, and in Colab where it is published."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from site_builder.address import circuit_page, feature_page, notebook_page, relative
from site_builder.html import Html, join, tag
from site_builder.pages.provenance import command_block
from site_builder.records import CircuitRecord, FeatureRecord, SiteRecords

NOTEBOOK_FILE = "notebook.ipynb"


@dataclass(frozen=True)
class NotebookPlace:
    """The entry that a notebook belongs to."""

    entry: str  # id
    name: str  # of the notebook's file, without its ending
    title: str
    page: str  # of the entry
    kind: str  # circuits | features


def circuit_notebook(record: CircuitRecord) -> NotebookPlace:
    """The notebook of a circuit."""
    circuit = record.circuit
    return NotebookPlace(
        circuit.id, circuit.id, circuit.title, circuit_page(circuit.id), "circuits"
    )


def feature_notebook(record: FeatureRecord) -> NotebookPlace:
    """The notebook of a feature."""
    feature = record.feature
    name = feature.feature_id.folder_name
    return NotebookPlace(feature.id, name, feature.label, feature_page(feature.id), "features")


def notebook_section(place: NotebookPlace, executed: bool, site: SiteRecords) -> Html:
    """Links to the entry's notebook, and the commands that run it."""
    buttons: list[Html] = []
    if executed:
        page = relative(place.page, notebook_page(place.page))
        read = {"class": "button button-strong", "href": page}
        keep = {"class": "button", "href": NOTEBOOK_FILE, "download": f"{place.name}.ipynb"}
        buttons += [tag("a", read, "Read the executed notebook"), tag("a", keep, "Download it")]
    address = colab_address(place.name, site)
    if address:
        colab = {"class": "button", "href": address, "rel": "noopener"}
        buttons.append(tag("a", colab, "Open in Colab"))
    words = "The whole measurement, step by step, on your own machine:"
    command = f"pip install 'llm-circuits-atlas[all]'\natlas notebook {place.entry}"
    listed = tag("ul", {"class": "actions"}, *(tag("li", {}, button) for button in buttons))
    return join([listed if buttons else "", tag("p", {}, words), command_block(command)])


def colab_address(entry: str, site: SiteRecords) -> str:
    """Where Colab opens the entry's notebook; empty unless the repository is a published one."""
    parts = urlsplit(site.repo_url)
    if parts.hostname != "github.com" or not site.notebooks_commit:
        return ""
    where = f"{parts.path.strip('/')}/blob/{site.notebooks_commit}/{quote(entry)}.ipynb"
    return f"https://colab.research.google.com/github/{where}"
