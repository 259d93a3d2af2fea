"""Builds the website: entries to Markdown and JSON, then mkdocs, the search index, the policy.

The site's source is written into the work folder; the pages are made beside the site and take its
place at the end, so a build that fails or is killed leaves the site as it was.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from atlas.entries.journal import read_journal
from atlas.entries.library import Library
from atlas.errors import BadInput
from atlas.files.only_run import Turn, beside, inside, only_run
from atlas.files.whole import whole_folder
from atlas.graphs.graph import AttributionGraph
from site_builder.address import circuit_page, feature_page, model_page
from site_builder.catalog import catalog
from site_builder.circuit_content import CONTENT_FILE, circuit_content
from site_builder.content_security import secure_site
from site_builder.dashboards import read_dashboards, write_dashboards
from site_builder.exports.on_pages import with_catalog, with_exports, with_notebook
from site_builder.exports.published import Published
from site_builder.exports.write import finish_exports, write_entry, write_exports
from site_builder.feature_search.build import write_feature_index
from site_builder.find_data import FIND_FILE, find_data
from site_builder.head_splits import HEADS_FILE, head_splits
from site_builder.json_files import without_controls, write_json
from site_builder.page import Page, write_page
from site_builder.pages.circuit import circuit_entry
from site_builder.pages.circuit_map import circuit_maps
from site_builder.pages.compare import compare_page
from site_builder.pages.explorer import VIEWER_FILE, about_graph, explorer_page
from site_builder.pages.feature import feature_entry
from site_builder.pages.graph_section import GRAPH_FILE, feature_data
from site_builder.pages.home import choose_featured, home
from site_builder.pages.lists import list_pages
from site_builder.pages.long_tables import long_pages
from site_builder.pages.model import model_entry
from site_builder.pages.notebook import notebook_entry
from site_builder.pages.other import models_list, moved_page, search_page
from site_builder.pages.part_scene import drawn_row, part_scene
from site_builder.pages.parts import whole_parts
from site_builder.pages.problem_codes import problem_codes
from site_builder.pages.reader_lists import reader_lists
from site_builder.pages.report import whole_report
from site_builder.pages.resources import resources_list
from site_builder.pages.run_yourself import (
    NOTEBOOK_FILE,
    NotebookPlace,
    circuit_notebook,
    feature_notebook,
)
from site_builder.pages.status import status_pages
from site_builder.pictures.drawn_graph import draw_graph
from site_builder.pictures.graph_picture import graph_data
from site_builder.reading import read_site
from site_builder.records import CircuitRecord, FeatureRecord, SiteRecords
from site_builder.tools import index_pages, read_configuration, render
from site_builder.viewer_file import viewer_bytes

BROWSER = Path(__file__).parent / "browser"
MARKER = ".atlas-site"  # in every built site: only such a folder is ever replaced
GUIDE = "guide"


@dataclass(frozen=True)
class BuildSettings:
    """Where a build reads and writes."""

    out: Path  # the site; replaced if it is a site, never if it is another folder
    work: Path  # the site's source; emptied first
    results: Path | None = None  # the cache of runs, for the latest state and executed notebooks
    journal: Path | None = None  # of the nightly runs, for the status page
    search: bool = True  # whether to write the search index
    only: str = ""  # the one entry to write the page of; "": all
    notebooks_commit: str = ""  # of the branch `notebooks`, for Colab links
    dashboards: Path | None = None  # of all features, as `atlas dashboard --layout site` writes
    turn: Turn = Turn()  # where another run builds with one of the folders


@dataclass(frozen=True)
class BuiltSite:
    """What was built."""

    folder: Path
    pages: int
    circuits: int
    features: int
    models: int
    dictionaries: int  # with a dashboard for every feature


def build(
    library: Library, settings: BuildSettings, say: Callable[[str], None] = lambda words: None
) -> BuiltSite:
    """Build the site of a library.

    Raises:
        BadInput: `out` holds something else.
        FolderInUse: another run builds with one of the folders, and this one is not to wait.
        CannotWrite: no room or no right; the site is as it was.
    """
    check_target(settings.out)  # before anything is made, and again when it is this run's turn
    with only_run(beside(settings.out), inside(settings.work), turn=settings.turn):
        check_target(settings.out)
        return _build(library, settings, say)


def _build(library: Library, settings: BuildSettings, say: Callable[[str], None]) -> BuiltSite:
    configuration = read_configuration(library.root)
    source = settings.work / "site_source"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    say("reading entries")
    found = read_site(library, settings.results, addresses(configuration, settings))
    site = replace(
        found,
        dashboards=read_dashboards(settings.dashboards),
        journal=read_journal(settings.journal) if settings.journal else None,
    )
    say(f"writing pages of {len(site.circuits)} circuits and {len(site.features)} features")
    if settings.only:
        write_one(site, library, source, settings.only)
    else:
        write_source(site, library, source)
    with whole_folder(settings.out) as made:
        say("rendering")
        render(configuration, source, made)
        finish_exports(site, library.redirects, made)
        if settings.search:
            say("indexing")
            index_pages(made)
        pages = secure_site(made)
        (made / MARKER).write_text("A site built by `atlas site build`.\n", encoding="utf-8")
    counts = (len(each) for each in (site.circuits, site.features, site.models, site.dashboards))
    return BuiltSite(settings.out, pages, *counts)


def addresses(configuration: Mapping[str, Any], settings: BuildSettings) -> dict[str, str]:
    """Where the site, its repository and its notebooks are published, as far as is known."""
    if not re.fullmatch(r"|[0-9a-f]{40}", settings.notebooks_commit):
        raise BadInput("notebooks commit", "40 hexadecimal digits", settings.notebooks_commit)
    found = {
        "repo_url": configuration.get("repo_url"),
        "site_url": configuration.get("site_url"),
        "notebooks_commit": settings.notebooks_commit,
    }
    return {name: str(value) for name, value in found.items() if value}


def check_target(out: Path) -> None:
    """Raise BadInput if the folder to write exists and is no site of ours."""
    if not out.exists():
        return
    if not out.is_dir() or (any(out.iterdir()) and not (out / MARKER).is_file()):
        raise BadInput(
            str(out),
            "a folder that does not exist, is empty, or holds a site built before",
            "something else",
            "name another folder with --out",
        )


def write_one(site: SiteRecords, library: Library, source: Path, entry: str) -> None:
    """Write the page of one circuit or feature, and nothing that only others need.

    Raises BrokenReference where there is no such entry, with the nearest id.
    """
    write_assets(source / "assets")
    if "/" in entry:
        write_feature(site.features[library.features.find(entry).id], site, source)
    else:
        circuit = library.circuits.find(entry)
        write_circuit(site.circuits[circuit.id], site, source)
        write_page(explorer_page([site.circuits[circuit.id]], site.repo_url), source)


def write_source(site: SiteRecords, library: Library, source: Path) -> None:
    """Write every page and file of the site's source."""
    write_assets(source / "assets")
    copy_guide(library.root, source / GUIDE)
    featured, scene = choose_featured(site), None
    for record in site.circuits.values():
        drawn = write_circuit(record, site, source)
        if record is featured:
            scene = drawn  # the others' would be thousands
    for feature in site.features.values():
        write_feature(feature, site, source)
    for model in site.models.values():
        for page in [model_entry(model, site), *long_pages(*whole_report(model, site))]:
            write_page(page, source)
    first = home(site, (featured, scene) if featured and scene else None)
    pages: list[Page] = [with_catalog(first, site), *list_pages(site)]
    pages += [models_list(site), resources_list(site), search_page(), reader_lists()]
    pages += [problem_codes(), explorer_page(list(site.circuits.values()), site.repo_url)]
    pages += [*status_pages(site), compare_page(site)]
    pages += circuit_maps(site, source)
    pages += moved(site, library.redirects)
    for page in pages:
        write_page(page, source)
    write_json(catalog(site), source / "catalog.json")
    write_json(find_data(site), source / FIND_FILE)
    write_dashboards(site, source)
    write_exports(site, library.redirects, source)
    write_feature_index(site, source)


def write_circuit(record: CircuitRecord, site: SiteRecords, source: Path) -> Any:
    """Write a circuit's page and the files beside it; give the picture of its parts."""
    circuit = record.circuit
    folder = source / Path(circuit_page(circuit.id)).parent
    scene = drawn = graph = None
    if record.graph_file is not None:
        graph = AttributionGraph.load(record.graph_file)
        scene = part_scene(record, graph)
        drawn = draw_graph(graph, circuit, drawn_row(record))
        features = feature_data(record, drawn.graph, site, circuit_page(circuit.id))
        write_json(graph_data(drawn, circuit, features), folder / GRAPH_FILE)
        splits = head_splits(graph, record.run_folder)
        if splits:
            write_json({"edges": splits}, folder / HEADS_FILE)
        about = without_controls({**about_graph(record, graph, site), "heads": bool(splits)})
        (folder / VIEWER_FILE).write_bytes(viewer_bytes(graph, about))
    write_json(circuit_content(record, graph, site), folder / CONTENT_FILE)
    write_entry_page(circuit_entry(record, site, scene, drawn), record, site, source)
    for page in long_pages(*whole_parts(circuit, site)):
        write_page(page, source)
    write_notebook(circuit_notebook(record), record, site, source)
    return scene


def write_feature(record: FeatureRecord, site: SiteRecords, source: Path) -> None:
    """Write a feature's page and its notebook's."""
    write_entry_page(feature_entry(record, site), record, site, source)
    write_notebook(feature_notebook(record), record, site, source)


def write_entry_page(
    page: Page, record: CircuitRecord | FeatureRecord, site: SiteRecords, source: Path
) -> None:
    """Write an entry's page with what other programs take from it."""
    each = Published(record)
    write_page(with_exports(page, each, site), source)
    write_entry(each, site, source)


def write_notebook(
    place: NotebookPlace, record: CircuitRecord | FeatureRecord, site: SiteRecords, source: Path
) -> None:
    """Write an executed notebook as a page with its pictures, and as a download."""
    file = record.notebook_file
    if file is None:
        return
    folder = source / Path(place.page).parent
    page, pictures = notebook_entry(place, file)
    write_page(with_notebook(page, Published(record), site), source)
    for name, content in pictures.items():
        (folder / name).write_bytes(content)
    shutil.copyfile(file, folder / NOTEBOOK_FILE)


def moved(site: SiteRecords, redirects: Mapping[str, str]) -> list[Page]:
    """A stub for every renamed entry whose new page exists."""
    known = {f"circuits/{each}": circuit_page(each) for each in site.circuits}
    known |= {f"features/{each}": feature_page(each) for each in site.features}
    known |= {f"models/{each}": model_page(each) for each in site.models}
    return [
        moved_page(f"{old}/index.html", known[new])
        for old, new in redirects.items()
        if new in known and old not in known
    ]


def write_assets(folder: Path) -> None:
    """Copy the browser's modules and join the style sheets into one."""
    folder.mkdir(parents=True)
    for path in sorted([*BROWSER.rglob("*.js"), *BROWSER.rglob("*.svg")]):
        target = folder / path.relative_to(BROWSER)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    styles = [
        path.read_text(encoding="utf-8") for path in sorted((BROWSER / "styles").glob("*.css"))
    ]
    (folder / "atlas.css").write_text("\n".join(styles), encoding="utf-8", newline="\n")


def copy_guide(library: Path, folder: Path) -> None:
    """Copy the hand-written prose; the checkout's own where the library has none."""
    own = library / "docs"
    docs = own if (own / "index.md").is_file() else Path(__file__).resolve().parents[1] / "docs"
    shutil.copytree(docs, folder)
