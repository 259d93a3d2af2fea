"""Where a feature is active, and which tokens it raises and lowers."""

from __future__ import annotations

from collections.abc import Sequence

from atlas.dashboards.dashboard import CounterExamples, Density, TokenEffect
from site_builder.address import any_feature_page, feature_page, relative
from site_builder.html import Html, foreign, join, tag
from site_builder.numbers import count, fixed, percent, whole
from site_builder.pages.token_text import example_block
from site_builder.part_nodes import WORD_MARKS
from site_builder.pictures.bars import histogram
from site_builder.records import FeatureRecord, SiteRecords

TOP_EXAMPLES = 12
COUNTER_EXAMPLES = 6
TOP_TOKENS = 10


def activations_section(record: FeatureRecord, site: SiteRecords) -> Html:
    """How strongly the feature is active, where most, and where label and activation disagree."""
    known = record.dashboard
    if known is None:
        return tag("p", {"class": "empty"}, "Nothing was measured yet.")
    parts: list[Html] = [tag("p", {"class": "section-note"}, density_in_words(known.density))]
    if known.histogram.counts:
        title = tag(
            "div",
            {"class": "chart-title"},
            "Activation where it is active (counts on a square-root scale)",
        )
        parts += [title, histogram(known.histogram.edges, known.histogram.counts, "activation")]
    if known.top:
        parts.append(tag("h3", {}, "Where it is most active"))
        parts += [example_block(each, known.maximum) for each in known.top[:TOP_EXAMPLES]]
    if known.counter is not None:
        parts.append(counter_examples(known.counter, known.maximum))
    parts.append(all_figures(record, site))
    return join(parts)


def all_figures(record: FeatureRecord, site: SiteRecords) -> Html:
    """A link to the dashboard that every feature has, where there is one."""
    feature = record.feature
    if f"{feature.model}/{feature.dictionary}" not in site.dashboards:
        return Html("")
    address = relative(feature_page(feature.id), f"{any_feature_page(feature.id)}&full")
    words = "Its quantile bands, similar features, and the features that fire with it"
    return tag("p", {}, tag("a", {"href": address}, words))


def density_in_words(density: Density) -> str:
    """How often the feature is active."""
    if density.active is None or density.tokens is None:
        return f"Active on {percent(density.share, 2)} of tokens."
    words = (
        f"Active on {whole(density.active)} of {whole(density.tokens)} "
        f"held-out tokens: {percent(density.share, 2)}"
    )
    if density.low is None or density.high is None:
        return f"{words}."
    return f"{words}, 95 % interval {percent(density.low, 2)} to {percent(density.high, 2)}."


def counter_examples(counter: CounterExamples, maximum: float) -> Html:
    """Where the label and the activation disagree, in both directions."""
    parts: list[Html] = [tag("h3", {}, "Where label and activation disagree")]
    for words, total, examples in (
        ("active although the label says no", counter.false, counter.false_examples),
        ("silent although the label says yes", counter.silent, counter.silent_examples),
    ):
        more = f", {len(examples[:COUNTER_EXAMPLES])} shown" if examples else ""
        parts.append(tag("p", {"class": "section-note"}, f"{count(total, 'token')} {words}{more}."))
        parts += [example_block(each, maximum) for each in examples[:COUNTER_EXAMPLES]]
    return join(parts)


def tokens_section(record: FeatureRecord) -> Html:
    """The tokens whose logits the feature raises and lowers most, read directly off its decoder."""
    known = record.dashboard
    if known is None or not (known.promoted or known.suppressed):
        return tag("p", {"class": "empty"}, "Nothing was measured yet.")
    tables = [
        token_table(title, sign, tokens[:TOP_TOKENS])
        for title, sign, tokens in (
            ("Raises", "positive", known.promoted),
            ("Lowers", "negative", known.suppressed),
        )
        if tokens
    ]
    note = (
        "The feature’s decoder through the unembedding: its direct "
        "effect on the logits, per unit of activation."
    )
    return join(
        [tag("p", {"class": "section-note"}, note), tag("div", {"class": "token-lists"}, *tables)]
    )


def token_table(title: str, sign: str, tokens: Sequence[TokenEffect]) -> Html:
    """Tokens with the size of their effect as bars."""
    largest = max((abs(each.logit) for each in tokens), default=0.0) or 1.0
    rows = []
    for each in tokens:
        width = f"{100 * abs(each.logit) / largest:.1f}%"
        bar = tag("rect", {"class": f"bar-{sign}", "width": width, "height": 10, "rx": 2})
        size = {"class": "chart-strip", "width": "100%", "height": 10, "aria-hidden": "true"}
        rows.append(
            tag(
                "tr",
                {},
                tag("th", {"scope": "row"}, foreign(each.token.strip(WORD_MARKS), "code")),
                tag("td", {"class": "bar-cell"}, tag("svg", size, bar)),
                tag("td", {"class": "number"}, fixed(each.logit)),
            )
        )
    return tag("table", {}, tag("caption", {}, title), tag("tbody", {}, *rows))
