"""A sample of a circuit's prompts, and how many there are of each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from atlas.entries.prompts import PromptRow
from site_builder.html import Html, foreign, join, tag
from site_builder.numbers import count, whole
from site_builder.records import CircuitRecord
from site_builder.tables import row, table

SAMPLE = 5  # rows of each split that the page shows
LONGEST = 240  # characters of a prompt that the page shows


def prompts_section(record: CircuitRecord) -> Html:
    """Counts by split and template, and some rows of each split."""
    rows = record.prompts
    if not rows:
        return tag("p", {"class": "empty"}, "No prompts yet.")
    splits = Counter(each.split for each in rows)
    templates = len({row.template for row in rows})
    words = (
        f"{count(splits['discovery'], 'discovery prompt')} served to choose parts and thresholds; "
        f"{count(splits['test'], 'test prompt')}, none of them among the first, carry the claims. "
        f"They come from {count(templates, 'template')}."
    )
    parts: list[Html] = [tag("p", {"class": "section-note"}, words)]
    for split in ("test", "discovery"):
        chosen = sample([row for row in rows if row.split == split])
        if chosen:
            parts.append(sample_table(split, chosen, splits[split]))
    return join(parts)


def sample(rows: Sequence[PromptRow]) -> list[PromptRow]:
    """Rows spread over the file and over the templates, the same at each build."""
    by_template: dict[str, list[PromptRow]] = {}
    for each in rows:
        by_template.setdefault(each.template, []).append(each)
    groups = list(by_template.values())
    chosen: list[PromptRow] = []
    depth = 0
    while len(chosen) < min(SAMPLE, len(rows)):
        for group in groups:
            if depth < len(group) and len(chosen) < SAMPLE:
                chosen.append(group[depth])
        depth += 1
    return chosen


def sample_table(split: str, rows: Sequence[PromptRow], total: int) -> Html:
    """Some rows of one split."""
    foils = any(each.foil for each in rows)
    titles = ["Prompt", "Expected answer", *(["Foil"] if foils else [])]
    body = []
    for each in rows:
        shown = each.text if len(each.text) <= LONGEST else each.text[:LONGEST] + "…"
        foil = [foreign(each.foil, "code") if each.foil else ""] if foils else []
        body.append(row(foreign(shown), foreign(each.target, "code"), *foil))
    return table(titles, body, caption=f"{len(rows)} of {whole(total)} {split} prompts")
