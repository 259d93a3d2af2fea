import json
import posixpath
import re
import subprocess
import sys
from urllib.parse import unquote, urlsplit

import pytest

from atlas.entries.library import Library
from atlas.errors import BadInput
from site_builder.address import EXPLORER
from site_builder.build import MARKER, BuildSettings, build, check_target
from tests.site_builder.built_site import CIRCUITS, PageReader, built_site, example_library
from tests.site_builder.example_library import ARABIC, HOSTILE, write_library
from tests.site_builder.published_site import ADDRESS, published_site, with_address

LARGEST_PAGE = 60 * 1024  # bytes of a page's HTML before compression
# Entries all of whose fields are as long as the schema allows have a limit of their own; so has the
# map, a picture and table of all circuits and no entry's page.
OVERLONG = {"hostile": 85_000, "long": 85_000, "map": 70_000}


@pytest.fixture(scope="module")
def site():
    return built_site().folder


@pytest.fixture(scope="module")
def pages(site):
    return {
        path.relative_to(site).as_posix(): PageReader(path.read_text("utf-8"))
        for path in sorted(site.rglob("*.html"))
    }


def test_every_entry_has_one_page(site):
    library = example_library()
    assert len(library.circuits) == CIRCUITS
    for circuit in library.circuits:
        assert (site / "circuits" / circuit / "index.html").is_file()
    for feature in library.features:
        assert (site / "features" / feature / "index.html").is_file()
    for model in library.models:
        assert (site / "models" / model / "index.html").is_file()
    built = built_site()
    assert (built.circuits, built.features, built.models) == (CIRCUITS, 5, 2)


def test_every_internal_link_and_anchor_resolves(site, pages):
    broken = []
    for name, page in pages.items():
        for element, address in page.addresses():
            parts = urlsplit(address)
            if parts.scheme or address.startswith("//"):
                continue
            if name == "404.html" and address.startswith("/"):
                address, parts = address[1:], urlsplit(address[1:])
            target = name
            if parts.path:
                target = posixpath.normpath(
                    posixpath.join(posixpath.dirname(name), unquote(parts.path))
                )
            if (
                not (site / target).is_file()
                or parts.fragment
                and target != EXPLORER  # whose fragment is its state
                and parts.fragment not in pages[target].anchors
            ):
                broken.append((name, element, address))
    assert broken == []


def test_every_module_that_a_script_imports_is_there(site):
    imported = re.compile(r"""(?:from|import|new URL\()\s*["'](\.{1,2}/[^"']+\.js)["']""")
    found = 0
    for path in (site / "assets").rglob("*.js"):
        for name in imported.findall(path.read_text("utf-8")):
            found += 1
            assert (path.parent / name).resolve().is_file(), (path.name, name)
    assert found > 50


def test_links_between_pages_are_relative_so_a_sub_path_works(pages):
    absolute = [
        (name, address)
        for name, page in pages.items()
        for _, address in page.addresses()
        if address.startswith("/") and name != "404.html"
    ]
    assert absolute == []


def test_nothing_is_loaded_from_elsewhere(pages):
    loading = {"script", "link", "img", "iframe", "form", "source", "video", "audio", "object"}
    foreign = [
        (name, element, address)
        for name, page in pages.items()
        for element, address in page.addresses()
        if element in loading and re.match(r"(https?:)?//", address)
    ]
    assert foreign == []


def test_hostile_text_stays_text_on_every_page(pages):
    for name, page in pages.items():
        for element, values in page.elements:
            assert not any(key.startswith("on") for key in values), (name, element, values)
            assert "style" not in values, (name, element, values)
            assert element not in ("b", "iframe", "object", "embed", "base"), (name, element)
            for key in ("href", "src", "action"):
                assert not values.get(key, "").lower().startswith(("javascript:", "data:text"))
            if element == "img":
                assert re.match(r"figure-|badge\.svg$", values["src"]), (name, values)


def test_no_page_has_an_inline_script_that_runs_nor_what_the_themes_scripts_need(site):
    inline = re.compile(r"<script(?![^>]*(?:src=|ld\+json))")
    for path in site.rglob("*.html"):
        page = path.read_text("utf-8")
        assert not inline.search(page), path
        assert "sha256-" not in page[: page.index("</head>")], path
        for leftover in ("md-toggle", "md-overlay", "md-dialog", "announce", "__md_scope"):
            assert leftover not in page, (path, leftover)


def test_hostile_text_is_shown_as_it_was_written(pages):
    shown = HOSTILE.replace("\x02", "").replace("\x03", "")
    page = pages["circuits/hostile/index.html"]
    assert shown in page.text
    assert "<script>window.hacked=2</script>" in page.text
    assert "# heading" in page.text  # Markdown in plain fields is not acted on


def test_markdown_in_plain_fields_is_not_acted_on(pages):
    page = pages["circuits/hostile/index.html"]
    assert "heading" not in page.anchors
    assert not any("evil.example" in address for _, address in page.addresses() if _ != "a")


def test_right_to_left_text_is_kept_in_its_own_element(pages):
    page = pages["circuits/right-to-left/index.html"]
    titles = [values for element, values in page.elements if element == "h1"]
    assert titles == [{"dir": "auto", "data-pagefind-meta": "title, kind:Circuit"}]
    assert ARABIC in page.text


def test_an_empty_entry_says_so_in_each_section(pages):
    words = pages["circuits/empty/index.html"].text
    for said in ("makes no claims yet", "No parts have been labelled", "no interventions yet"):
        assert said in words


def test_claims_and_verdict_come_before_pictures(site):
    page = (site / "circuits/microworld-states-and-capitals/index.html").read_text("utf-8")
    order = ["badge-large", 'id="claims"', 'class="part-svg"', 'class="graph-svg"', 'id="parts"']
    places = [page.index(each) for each in order]
    assert places == sorted(places)


def test_verdicts_are_those_that_the_rules_derive(pages):
    def verdict(entry):
        elements = pages[f"circuits/{entry}/index.html"].elements
        classes = [values.get("class", "") for _, values in elements]
        return next(each for each in classes if "badge-large" in each).split()[1]

    assert verdict("microworld-states-and-capitals") == "badge-supported"
    assert verdict("microworld-changing-languages") == "badge-partial"
    assert verdict("microworld-a-plausible-story") == "badge-not-supported"
    assert verdict("gpt2-induction") == "badge-not-run"


def test_features_and_circuits_link_to_each_other(pages):
    circuit = "circuits/microworld-states-and-capitals/index.html"
    feature = "features/microworld/transcoders/2-117/index.html"
    forth = [address for _, address in pages[circuit].addresses()]
    back = [address for _, address in pages[feature].addresses()]
    assert f"../../{feature}" in forth
    assert f"../../../../{circuit}" in back


@pytest.mark.parametrize("made", [built_site, published_site])
def test_pages_keep_their_budget(made):
    """Also where the site's address is known, which adds canonical links and cards to each page."""
    site = made().folder
    large = {
        path.relative_to(site).as_posix(): path.stat().st_size
        for path in site.rglob("*.html")
        if path.stat().st_size > OVERLONG.get(path.parent.name, LARGEST_PAGE)
    }
    assert large == {}


def test_no_entry_is_in_the_navigation_of_the_guide(pages):
    guide = [address for _, address in pages["guide/index.html"].addresses()]
    assert not any(re.search(r"circuits/[a-z]+.*/", address) for address in guide)


def test_a_renamed_entry_leads_to_its_new_page(pages):
    page = pages["circuits/an-old-name/index.html"]
    assert ("a", "../microworld-states-and-capitals/index.html") in page.addresses()


def test_the_catalog_lists_every_entry_with_a_page_that_exists(site):
    catalog = json.loads((site / "catalog.json").read_text("utf-8"))
    assert len(catalog["circuits"]) == CIRCUITS
    for entry in (*catalog["circuits"], *catalog["features"]):
        assert (site / entry["page"]).is_file()
        assert catalog["names"]["verdict"][entry["verdict"]]


def test_the_data_of_a_graph_agree_with_its_picture(site, pages):
    folder = site / "circuits/microworld-states-and-capitals"
    data = json.loads((folder / "graph.json").read_text("utf-8"))
    drawn = {
        int(values["data-n"])
        for _, values in pages["circuits/microworld-states-and-capitals/index.html"].elements
        if "data-n" in values
    }
    assert drawn == {node for node, x in enumerate(data["x"]) if x is not None}
    assert len(data["target"]) == len(data["source"]) == len(data["share"])
    assert all(-1 <= share <= 1 for share in data["share"])
    letters = {data["parts"][part]["letter"] for part in data["part"] if part >= 0}
    assert letters == {"A", "B", "C", "D"}


def test_the_executed_notebook_is_a_page_and_a_download(site, pages):
    folder = site / "circuits/microworld-states-and-capitals"
    assert "features/microworld/transcoders/2-117/notebook.html" in pages
    page = pages["circuits/microworld-states-and-capitals/notebook.html"]
    assert (folder / "notebook.ipynb").is_file()
    assert (folder / "figure-1.png").read_bytes().startswith(b"\x89PNG")
    assert "<b>said</b>" in page.text
    assert "5 < 6" in page.text
    assert "a widget" in page.text
    for gone in ("hack()", "draw()", "hidden()", "a warning", "evil.example"):
        assert gone not in page.text


def test_a_build_never_replaces_a_folder_that_is_no_site(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(BadInput, match="--out"):
        check_target(tmp_path)
    settings = BuildSettings(tmp_path, tmp_path / "work")
    with pytest.raises(BadInput):
        build(example_library(), settings)
    assert (tmp_path / "thesis.txt").exists()
    assert not (tmp_path / "work").exists()


def test_a_build_replaces_a_site_built_before(tmp_path):
    (tmp_path / MARKER).write_text("")
    (tmp_path / "old.html").write_text("")
    check_target(tmp_path)


def test_building_does_not_load_torch():
    code = (
        "import sys; from pathlib import Path; from atlas.entries.library import Library\n"
        "from site_builder.reading import read_site; from site_builder.build import write_source\n"
        "library = Library.open(Path(sys.argv[1])); out = Path(sys.argv[2])\n"
        "write_source(read_site(library, None, {}), library, out)\n"
        "sys.exit(3 if 'torch' in sys.modules else 0)"
    )
    library = example_library().root
    out = library.parent / "without-torch"
    out.mkdir()
    finished = subprocess.run([sys.executable, "-c", code, str(library), str(out)])
    assert finished.returncode == 0
    assert (out / "index.md").is_file()


@pytest.mark.slow
def test_three_hundred_entries_are_built(tmp_path):
    root = write_library(tmp_path / "library", 300)
    with_address(root)
    library = Library.open(root)
    built = build(library, BuildSettings(tmp_path / "site", tmp_path / "work"))
    assert built.circuits == 300
    lists = sorted((tmp_path / "site" / "circuits").glob("*.html"))
    assert [path.name for path in lists] == [
        "index.html", "page-2.html", "page-3.html", "page-4.html", "page-5.html"
    ]  # fmt: skip
    assert all(path.stat().st_size < LARGEST_PAGE for path in lists)
    assert all(
        f'<link rel="canonical" href="{ADDRESS}' in path.read_text("utf-8") for path in lists
    )
