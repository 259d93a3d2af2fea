"""The text of an issue as the host writes it from a filled form."""

from atlas.entries.drafts.fields import FIELDS

GOOD = {
    "circuit": {
        "id": "a-new-one",
        "title": "Opposites",
        "summary": "The model names the opposite of a word, and this is how it is known to do so.",
        "model": "microworld",
        "domain": "reasoning",
        "behaviour": "antonym",
        "prompt": "The opposite of hot is",
        "answer": "cold",
        "name": "Grace Example",
        "licence": "CC-BY-4.0",
    },
    "feature": {
        "model": "microworld",
        "dictionary": "transcoders",
        "layer": "2",
        "index": "2000",
        "label": "opposites",
        "description": "Active on words that have an opposite.",
        "name": "Grace Example",
        "licence": "CC-BY-4.0",
    },
}


def filled(kind, line_end="\r\n", **answers):
    """The issue of a form whose answers are good but for those that are given."""
    given = GOOD[kind] | answers
    parts = [
        f"### {field.label}\n\n{given.get(field.name) or '_No response_'}\n"
        for field in FIELDS[kind]
    ]
    return "\n".join(parts).replace("\n", line_end)
