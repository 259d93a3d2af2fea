"""From answers to the files of a draft; a question that was left open becomes a TODO."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from atlas.entries.drafts.answers import Answers
from atlas.entries.drafts.templates import CIRCUIT, FEATURE
from atlas.entries.ids import FeatureId
from atlas.entries.text import HOSTILE
from atlas.errors import BadInput
from atlas.files.only_run import beside, only_run
from atlas.files.refusal import writing
from atlas.files.whole import write_whole

FIRST_ROW = "first"  # the id of the row that a prompt becomes
_OPEN = {
    "title": "TODO: a short title",
    "summary": "TODO: what the circuit does and how it is known, in 50 to 600 characters of plain "
    "text.",
    "label": "TODO: what it stands for, in a few words",
    "description": "TODO: what is known of it, counter-examples included.",
    "name": "TODO: your name",
}
_SOURCE = '{resource: circuit-tracer-paper, relation: analogue_of, where: "section 5"}'
_WORDS = ("id", "model", "dictionary", "domain", "behaviour")
_LONGEST_TEMPLATE = 100


def circuit_files(answers: Answers, created: str) -> dict[str, str]:
    """The texts of circuit.yaml and prompts.jsonl, by name.

    Answers have id, model, dictionary, domain and behaviour; all others may be open.
    """
    languages = answers.get("languages", "").replace(",", " ").split() or ["en"]
    has_row = bool(answers.get("prompt") and answers.get("answer"))
    text = CIRCUIT.format(
        **{name: word(answers[name]) for name in _WORDS},
        created=created,
        title=quoted_text(answers.get("title") or _OPEN["title"]),
        summary=_folded(answers.get("summary") or _OPEN["summary"]),
        story=_story(answers.get("story", "")),
        languages=", ".join(map(word, languages)),
        graph=f"graph: {FIRST_ROW}" if has_row else "# graph: the discovery row that is drawn",
        **_credit(answers),
    )
    return {"circuit.yaml": text, "prompts.jsonl": _row(answers) if has_row else ""}


def feature_text(feature: FeatureId, answers: Answers, created: str, circuit: str) -> str:
    """A draft feature; `circuit` is an example of a circuit whose prompts it could use."""
    return FEATURE.format(
        path=feature.path,
        model=feature.model,
        dictionary=feature.dictionary,
        layer=feature.layer,
        index=feature.index,
        created=created,
        label=quoted_text(answers.get("label") or _OPEN["label"]),
        description=_folded(answers.get("description") or _OPEN["description"]),
        circuit=circuit,
        **_credit(answers),
    )


def write_new(folder: Path, files: Mapping[str, str]) -> None:
    """Write files that are not there yet, all or none, the first one last: it makes the entry.

    What a run that was killed has written of the others already is left as it is.

    Raises:
        BadInput: another file has one of the names.
        CannotWrite: no room, no right.
    """
    contents = {folder / name: text.encode() for name, text in reversed(list(files.items()))}
    entry = folder / next(iter(files))
    with only_run(beside(folder)):
        for path, content in contents.items():
            if path.exists() and (path == entry or path.read_bytes() != content):
                action = "edit it, or choose another id"
                raise BadInput(str(path), "a path where nothing is yet", "a file", action)
        missing = [path for path in contents if not path.exists()]
        try:
            with writing(folder):
                folder.mkdir(exist_ok=True)
            for path in missing:
                write_whole(path, contents[path])
        except BaseException:
            for path in missing:
                path.unlink(missing_ok=True)
            with suppress(OSError):  # it holds something else
                folder.rmdir()
            raise


def _credit(answers: Answers) -> dict[str, str]:
    handle, orcid = answers.get("handle", ""), answers.get("orcid", "")
    identity = [f"    handle: {word(handle)}\n"] if handle else []
    identity += [f"    orcid: {word(orcid)}\n"] if orcid else []
    if not identity:
        identity = ["    handle: your-handle  # or orcid: 0000-0000-0000-0000\n"]
    sources = f"# sources:\n#   - {_SOURCE}\n"
    if answers.get("source"):
        where = f", where: {quoted_text(answers['where'])}" if answers.get("where") else ""
        item = f"{{resource: {word(answers['source'])}, relation: describes{where}}}"
        sources = f"sources:\n  - {item}\n"
    return {
        "name": quoted_text(answers.get("name") or _OPEN["name"]),
        "identity": "".join(identity),
        "licence": word(answers.get("licence") or "CC-BY-4.0"),
        "sources": sources,
    }


def _row(answers: Answers) -> str:
    """The first discovery row, whose pattern is the prompt itself until there are more."""
    pattern = " ".join(answers["prompt"].split())[:_LONGEST_TEMPLATE].strip()
    row = {
        "id": FIRST_ROW,
        "split": "discovery",
        "text": answers["prompt"],
        "target": answers["answer"],
        **({"foil": answers["foil"]} if answers.get("foil") else {}),
        "template": pattern,
    }
    return json.dumps(row) + "\n"


def quoted_text(text: str) -> str:
    """A text in double quotes, with what cannot be seen written out."""
    words = json.dumps(text, ensure_ascii=False)
    return HOSTILE.sub(lambda match: _escape(ord(match[0])), words)


def _escape(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def word(text: str) -> str:
    """A word as it is, or in quotes where YAML could read it as anything else."""
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*(\.[0-9]+)?", text)
    reserved = text.lower() in ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
    return text if plain and not reserved else quoted_text(text)


def _folded(text: str) -> str:
    """One paragraph as a folded block."""
    words = " ".join(text.split())
    return quoted_text(text) if HOSTILE.search(text) else f">-\n  {words}"


def _story(text: str) -> str:
    """The line or lines of a story, or nothing."""
    if not text.strip():
        return ""
    lines = [line.rstrip() for line in text.strip().replace("\t", "    ").split("\n")]
    if HOSTILE.search(text):
        return f"story: {quoted_text(text)}\n"
    return "\n".join(["story: |-", *(f"  {line}" if line else "" for line in lines), ""])
