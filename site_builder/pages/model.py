"""The page of a model: its architecture, its dictionaries, its report, its entries."""

from __future__ import annotations

from collections.abc import Sequence

from atlas.entries.model import DictionaryReference, Model
from site_builder.address import feature_page, list_page, model_page, relative
from site_builder.html import Html, foreign, join, tag
from site_builder.numbers import count, number, spoken, whole
from site_builder.page import Page, Section
from site_builder.pages.credit import sources_list
from site_builder.pages.entry_table import circuit_table
from site_builder.pages.provenance import digest
from site_builder.pages.report import report_sections
from site_builder.records import SiteRecords
from site_builder.tables import row, table

SHOWN_ENTRIES = 40  # circuits and features listed on the model's own page
KINDS = {"microworld": "embedded model (microworld)", "public": "public model"}
SITES = {"mlp": "MLP", "resid_post": "residual stream after the layer"}


def model_entry(model: Model, site: SiteRecords) -> Page:
    """The whole page."""
    sections = [
        Section("Architecture", "architecture", architecture(model)),
        Section("Dictionaries", "dictionaries", dictionaries(model.dictionaries)),
        *report_sections(model, site),
        Section("Circuits", "circuits", circuits(model, site)),
        Section("Features", "features", features(model, site)),
    ]
    if model.sources:
        sections.append(Section("Sources", "sources", sources_list(model.sources, site)))
    return Page(
        path=model_page(model.id),
        title=model.name,
        head=model_head(model),
        sections=sections,
        description=model.summary or f"{model.name}: {model.architecture}",
        edit=f"models/{model.id}.yaml",
    )


def model_head(model: Model) -> Html:
    """Name, kind and size."""
    here = model_page(model.id)
    facts = [
        ("Kind", KINDS[model.kind]),
        ("Parameters", whole(model.parameters)),
        ("Layers", str(model.layers)),
        ("Languages", ", ".join(model.languages)),
        ("Licence", model.licence),
    ]
    cells = [
        tag("div", {}, tag("dt", {}, name), tag("dd", {}, foreign(value))) for name, value in facts
    ]
    trail = tag(
        "nav",
        {"class": "breadcrumb", "aria-label": "Breadcrumb", "data-pagefind-ignore": True},
        tag("a", {"href": relative(here, list_page("models"))}, "Models"),
    )
    lead = tag("p", {"class": "lead", "dir": "auto"}, model.summary) if model.summary else ""
    title = tag("h1", {"dir": "auto", "data-pagefind-meta": "title, kind:Model"}, model.name)
    return join(
        [
            trail,
            title,
            lead,
            tag("dl", {"class": "entry-facts", "data-pagefind-ignore": True}, *cells),
        ]
    )


def architecture(model: Model) -> Html:
    """The numbers of the model's configuration, and where its weights are."""
    weights = model.weights
    where: list[object] = []
    if weights.hub:
        where = [foreign(weights.hub, "span", "mono"), " at revision ", digest(weights.revision)]
    elif weights.folder:
        where = [foreign(weights.folder, "span", "mono"), ", sha256 ", digest(weights.sha256)]
    rows: list[tuple[str, object]] = [
        ("architecture", foreign(model.architecture)),
        ("layers", whole(model.layers)),
        ("residual stream (d_model)", whole(model.d_model)),
        ("heads", whole(model.heads)),
        ("vocabulary (d_vocab)", whole(model.d_vocab)),
        ("context", f"{whole(model.context)} tokens"),
        ("weights", join(where)),
        ("one entry needs", needs(model)),
    ]
    if model.tokens:
        rows.append(
            (
                "held-out tokens",
                join(
                    [
                        foreign(model.tokens.file, "span", "mono"),
                        ", sha256 ",
                        digest(model.tokens.sha256),
                    ]
                ),
            )
        )
    cells = [join([tag("dt", {}, name), tag("dd", {}, value)]) for name, value in rows if value]
    return tag("dl", {"class": "provenance"}, *cells)


def needs(model: Model) -> str:
    """What a machine must have to run one entry of the model."""
    asked = model.resources
    gpus = count(asked.gpus, "GPU") if asked.gpus else "no GPU"
    return f"{gpus}, {number(asked.memory_gb)} GB of memory, about {number(asked.minutes)} minutes"


def dictionaries(known: Sequence[DictionaryReference]) -> Html:
    """The dictionaries as a table."""
    if not known:
        return tag("p", {"class": "empty"}, "No dictionaries yet.")
    rows = []
    for each in known:
        layers = ", ".join(map(str, each.layers))
        if len(each.layers) > 1:
            layers = f"{each.layers[0]}–{each.layers[-1]}"
        bytes_of = digest(each.sha256 or each.revision)
        cells = (foreign(each.id), spoken(each.kind), SITES[each.site], layers)
        rows.append(row(*cells, whole(each.features), bytes_of, numeric={4}))
    titles = ("Dictionary", "Kind", "Site", "Layers", "Features per layer", "Digest or revision")
    return table(titles, rows, {4})


def circuits(model: Model, site: SiteRecords) -> Html:
    """The circuits of the model."""
    here = model_page(model.id)
    found = [record for record in site.circuits.values() if record.circuit.model == model.id]
    if not found:
        return tag("p", {"class": "empty"}, "No circuits yet.")
    more = ""
    if len(found) > SHOWN_ENTRIES:
        more = tag(
            "p",
            {},
            tag(
                "a",
                {"href": relative(here, list_page("circuits", "model", model.id))},
                f"All {count(len(found), 'circuit')}",
            ),
        )
    return join([circuit_table(found[:SHOWN_ENTRIES], site, here, without={"model"}), more])


def features(model: Model, site: SiteRecords) -> Html:
    """The features of the model, as links."""
    here = model_page(model.id)
    found = [record for record in site.features.values() if record.feature.model == model.id]
    if not found:
        return tag("p", {"class": "empty"}, "No features yet.")
    chips = []
    for record in found[:SHOWN_ENTRIES]:
        feature = record.feature
        name = tag("span", {"class": "mono"}, str(feature.short))
        chips.append(
            tag(
                "li",
                {},
                tag(
                    "a",
                    {"class": "chip", "href": relative(here, feature_page(feature.id))},
                    name,
                    foreign(feature.label),
                ),
            )
        )
    more = ""
    if len(found) > SHOWN_ENTRIES:
        more = tag(
            "p",
            {},
            tag(
                "a",
                {"href": relative(here, list_page("features", "model", model.id))},
                f"All {count(len(found), 'feature')}",
            ),
        )
    return join([tag("ul", {"class": "part-features"}, *chips), more])
