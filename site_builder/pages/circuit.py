"""The page of a circuit: claims and verdict first, then the pictures, the parts, the rest."""

from __future__ import annotations

from atlas.entries.circuit import Circuit
from site_builder.address import MAP, circuit_page, list_page, model_page, relative
from site_builder.html import Html, foreign, join, tag
from site_builder.numbers import count, spoken
from site_builder.page import Page, Section
from site_builder.pages.attention import attention_section
from site_builder.pages.badges import lifecycle_note, state_badge, verdict_badge
from site_builder.pages.claims import claims_section
from site_builder.pages.credit import bibtex, curators_line, related_list, sources_list
from site_builder.pages.graph_scores import scores_block
from site_builder.pages.graph_section import graph_figure
from site_builder.pages.interventions import interventions_section
from site_builder.pages.part_scene import circuit_figure, plain_scene
from site_builder.pages.parts import edges_table, parts_section
from site_builder.pages.prompts import prompts_section
from site_builder.pages.provenance import command_block, provenance_section
from site_builder.pages.retrained import retrained_section
from site_builder.pages.run_yourself import circuit_notebook, notebook_section
from site_builder.pictures.drawn_graph import DrawnGraph
from site_builder.pictures.part_boxes import PartScene
from site_builder.prose import prose
from site_builder.records import CircuitRecord, SiteRecords


def circuit_entry(
    record: CircuitRecord, site: SiteRecords, scene: PartScene | None, drawn: DrawnGraph | None
) -> Page:
    """The whole page; `scene` and `drawn` are None where there is no graph."""
    circuit = record.circuit
    sections = [
        Section("Claims", "claims", claims_section(record)),
        Section("Circuit", "circuit", circuit_section(record, site, scene)),
    ]
    if drawn is not None:
        graph = join([graph_figure(record, drawn), scores_block(record)])
        sections.append(Section("Graph", "graph", graph))
    edges = scene.edges if scene and drawn is not None else ()
    sections += [
        Section("Parts", "parts", join([parts_section(record, site), edges_table(circuit, edges)])),
        *attention_sections(record),
        Section("Interventions", "interventions", interventions_section(record)),
        *retrained_sections(record),
        Section("Prompts", "prompts", prompts_section(record)),
        Section("Run it yourself", "run", notebook_section(
            circuit_notebook(record), record.notebook_file is not None, site)),
        Section("Provenance", "provenance", provenance_section(
            record.result, record.reproduction, f"atlas reproduce {circuit.id}")),
        Section("Sources and citation", "sources", credit_section(circuit, site)),
    ]  # fmt: skip
    return Page(
        path=circuit_page(circuit.id),
        title=circuit.title,
        head=circuit_head(record, site),
        sections=sections,
        description=circuit.summary,
        script="picture/view.js" if drawn is not None else "",
        edit=record.file,
    )


def attention_sections(record: CircuitRecord) -> list[Section]:
    """The section on heads, where the entry names some."""
    if not record.circuit.attention:
        return []
    return [Section("Attention", "attention", attention_section(record))]


def retrained_sections(record: CircuitRecord) -> list[Section]:
    """The section on retrained weights, where there were some."""
    if not record.retrained:
        return []
    return [Section("Trained again", "retrained", retrained_section(record))]


def circuit_head(record: CircuitRecord, site: SiteRecords) -> Html:
    """Title, summary, and the facts a reader asks for first."""
    circuit = record.circuit
    here = circuit_page(circuit.id)
    facts = [
        ("Verdict", verdict_badge(record.verdict, large=True)),
        ("Claims", claim_count(record)),
        ("Model", model_link(circuit, site, here)),
        ("Behaviour", facet_link(here, "behaviour", circuit.behaviour, site)),
        ("Dictionary", foreign(circuit.dictionary)),
        ("Languages", ", ".join(circuit.languages)),
    ]
    if record.reproduction is not None:
        facts.insert(2, ("Latest run", state_badge(record.reproduction.state)))
    cells = [tag("div", {}, tag("dt", {}, name), tag("dd", {}, value)) for name, value in facts]
    trail = tag(
        "nav",
        {"class": "breadcrumb", "aria-label": "Breadcrumb", "data-pagefind-ignore": True},
        tag("a", {"href": relative(here, list_page("circuits"))}, "Circuits"),
        tag("span", {"class": "sep", "aria-hidden": "true"}, "/"),
        facet_link(here, "domain", circuit.domain, site),
    )
    successor = successor_link(circuit, site, here)
    return join(
        [
            trail,
            tag("h1", {"dir": "auto", "data-pagefind-meta": "title, kind:Circuit"}, circuit.title),
            lifecycle_note(circuit.lifecycle, circuit.reason, successor),
            tag("p", {"class": "lead", "dir": "auto"}, circuit.summary),
            tag("dl", {"class": "entry-facts", "data-pagefind-ignore": True}, *cells),
        ]
    )


def claim_count(record: CircuitRecord) -> str:
    """How many of the judged claims are supported."""
    judged = [verdict for verdict in record.verdicts.values() if not verdict.demonstration]
    supported = sum(verdict.word == "supported" for verdict in judged)
    return f"{supported} of {count(len(judged), 'claim')} supported" if judged else "none judged"


def model_link(circuit: Circuit, site: SiteRecords, here: str) -> Html:
    """The model's name, linked to its page, and whether it is the microworld."""
    if circuit.model not in site.models:
        return foreign(circuit.model)
    model = site.models[circuit.model]
    return tag("a", {"href": relative(here, model_page(model.id)), "dir": "auto"}, model.name)


def facet_link(here: str, facet: str, value: str, site: SiteRecords) -> Html:
    """A term of a vocabulary, linked to the list of its circuits."""
    terms = site.domains if facet == "domain" else site.behaviours
    name = terms[value].name if value in terms else spoken(value)
    return tag(
        "a", {"href": relative(here, list_page("circuits", facet, value)), "dir": "auto"}, name
    )


def successor_link(circuit: Circuit, site: SiteRecords, here: str) -> Html | None:
    """The entry that replaces a deprecated one."""
    if circuit.superseded_by not in site.circuits:
        return None
    successor = site.circuits[circuit.superseded_by].circuit
    return tag(
        "a", {"href": relative(here, circuit_page(successor.id)), "dir": "auto"}, successor.title
    )


def circuit_section(record: CircuitRecord, site: SiteRecords, scene: PartScene | None) -> Html:
    """The picture of the parts, and the curators' story of how to read it."""
    figure = circuit_figure(scene or plain_scene(record))
    story = prose(record.circuit.story, record.circuit, site)
    way = relative(circuit_page(record.circuit.id), MAP)
    others = tag("p", {}, tag("a", {"href": way}, "Which other circuits use its features"))
    words = tag("div", {"class": "prose", "dir": "auto"}, story) if story else ""
    return join([figure, words, others])


def credit_section(circuit: Circuit, site: SiteRecords) -> Html:
    """Sources, related entries, curators, citation."""
    address = f"{site.site_url.rstrip('/')}/{circuit_page(circuit.id)}" if site.site_url else ""
    record = bibtex(circuit.id, circuit.title, circuit.curators, circuit.created, address)
    return join(
        [
            sources_list(circuit.sources, site),
            related_list(circuit, site),
            curators_line(circuit.curators, circuit.licence, circuit.created),
            tag("p", {}, "To cite this entry:"),
            command_block(record),
        ]
    )
