"""Prompt rows of a behaviour: discovery rows from training units, test rows from held-out ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Literal

from microworld.document import Answer, Document, Split
from microworld.grammar import BEHAVIOURS
from microworld.heldout import SEED
from microworld.tokenizer import BEGIN, build_tokenizer, token_ids

DISCOVERY_SHARE = 0.25  # discovery rows per test row: enough to choose parts by


@dataclass(frozen=True)
class PromptRow:
    """One prompt as circuits keep it; `text` never holds the first token, which the engine adds."""

    id: str
    split: Literal["discovery", "test"]
    text: str
    target: str
    foil: str
    template: str
    entities: dict[str, str]


Keep = Callable[[Document], bool]


def keep_all(document: Document) -> bool:
    """Keep every document."""
    return document.answer is not None


def prompt_rows(behaviour: str, rows: int, keep: Keep = keep_all) -> list[PromptRow]:
    """Give up to `rows` test rows with distinct texts and a quarter as many discovery rows.

    `keep` narrows the documents, say to one relation or language. Rows are dealt evenly over
    templates, so that no template outweighs the others.
    """
    discovery = _distinct(behaviour, "train", max(40, int(rows * DISCOVERY_SHARE)), keep)
    test = _distinct(behaviour, "test", rows, keep)
    found: list[PromptRow] = []
    seen: set[str] = set()
    for document in [*discovery, *test]:
        if document.answer is None or (text := prompt_text(document)) in seen:
            continue
        seen.add(text)
        found.append(row_of(document, document.answer, f"{behaviour}-{len(found):04d}"))
    return found


def prompt_text(document: Document) -> str:
    """What stands before the answer, as text."""
    if document.answer is None:
        raise ValueError("the document asks for nothing")
    ids = token_ids()
    words = document.tokens[: document.answer.position]
    return str(build_tokenizer().decode([ids[word] for word in words]))


def row_of(document: Document, answer: Answer, row_id: str) -> PromptRow:
    """A document as a row; documents of training units are for discovery."""
    return PromptRow(
        id=row_id,
        split="discovery" if document.split == "train" else "test",
        text=prompt_text(document),
        target=answer.token,
        foil=answer.foil,
        template=document.template,
        entities=dict(document.entities),
    )


def _distinct(behaviour: str, split: Split, count: int, keep: Keep) -> list[Document]:
    """Draw documents with distinct prompts until `count` are found or no new ones come."""
    random = Random(f"{SEED}:prompts:{behaviour}:{split}")
    found: dict[tuple[str, ...], Document] = {}
    per_template: dict[str, int] = {}
    for attempt in range(60 * count):
        document = BEHAVIOURS[behaviour].draw(random, split)
        if document.answer is None or not keep(document):
            continue
        prompt = document.tokens[: document.answer.position]
        # Early on, a template that is ahead of its even share waits for the others.
        ahead = (
            per_template.get(document.template, 0)
            > 1.5 * len(found) / max(1, len(per_template)) + 2
        )
        if prompt in found or (ahead and attempt < 30 * count):
            continue
        found[prompt] = document
        per_template[document.template] = per_template.get(document.template, 0) + 1
        if len(found) >= count:
            break
    return list(found.values())


def write_prompts(rows: list[PromptRow], path: Path) -> None:
    """Write rows as JSON, one per line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(asdict(row), ensure_ascii=False) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def round_trips(row: PromptRow) -> bool:
    """Say whether the text is read back as tokens without an unknown one."""
    tokenizer = build_tokenizer()
    encoded = tokenizer(row.text)["input_ids"]
    return token_ids()[BEGIN] == encoded[0] and tokenizer.unk_token_id not in encoded
