"""Where the prompts of a command come from: a text, a chat, or a file of either."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atlas.errors import MISSHAPEN, AtlasError, BadInput
from atlas.methods.attribution.freeze_prompt import Prompt
from atlas.models.language_model import LanguageModel

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
Messages = tuple[dict[str, str], ...]
"""A chat: each message with its role and content."""


@dataclass(frozen=True)
class NamedPrompt:
    """One prompt of a file."""

    name: str  # its id, or else the number of its line
    content: str | Messages

    def prompt_for(self, model: LanguageModel) -> Prompt:
        """The prompt as text, or as the token ids of the chat."""
        if isinstance(self.content, str):
            return self.content
        return model.tokenizer.chat(self.content).ids


@dataclass(frozen=True)
class UnreadablePrompt:
    """A line of a file that holds no prompt."""

    name: str
    error: BadInput


def read_prompts(path: Path) -> list[NamedPrompt | UnreadablePrompt]:
    """The prompts in a .txt (one per line) or .jsonl (`text` or `messages`, and perhaps `id`).

    Raises:
        BadInput: a file that cannot be read, has no prompts, or names two alike.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(str(path), "a text file in UTF-8", type(error).__name__) from error
    if path.suffix not in (".txt", ".jsonl"):
        raise BadInput(str(path), "a .txt or a .jsonl file", path.suffix or "no ending")
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    found = list(_prompts(path, numbered))
    names = [each.name for each in found]
    if not found:
        raise BadInput(str(path), "at least one prompt", "none")
    if len(set(names)) != len(names):
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise BadInput(str(path), "different ids", f"{twice!r} twice")
    return found


def length_of(prompt: Prompt, model: LanguageModel) -> int:
    """How many tokens a prompt has."""
    return len(model.tokenize(prompt).ids if isinstance(prompt, str) else prompt)


def longest(prompts: Sequence[NamedPrompt | UnreadablePrompt], model: LanguageModel) -> int:
    """How many tokens the longest of those prompts has that can be read."""
    lengths = [1]
    for each in prompts:
        if isinstance(each, NamedPrompt):
            with suppress(AtlasError):
                lengths.append(length_of(each.prompt_for(model), model))
    return max(lengths)


def read_chat(text: str) -> Messages:
    """The messages in a .json file, or the text as the only message of the user.

    Raises:
        BadInput: a file that cannot be read or holds no messages.
    """
    if not text.endswith(".json"):
        return ({"role": "user", "content": text},)
    try:
        value = json.loads(Path(text).read_text(encoding="utf-8"))
    except (OSError, *MISSHAPEN) as error:
        raise BadInput(text, "a readable JSON file", str(error)) from error
    return messages_in(value, text)


def messages_in(value: Any, where: str) -> Messages:
    """The messages in a JSON value: a list of them, or an object that holds it."""
    listed = value.get("messages") if isinstance(value, dict) else value
    if not isinstance(listed, list) or not listed or not all(map(_is_message, listed)):
        expected = 'a list of messages, each {"role": …, "content": …}, or {"messages": [them]}'
        raise BadInput(where, expected, repr(value)[:80])
    return tuple({"role": each["role"], "content": each["content"]} for each in listed)


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(name), str) for name in ("role", "content")
    )


def _prompts(
    path: Path, numbered: list[tuple[int, str]]
) -> Iterator[NamedPrompt | UnreadablePrompt]:
    for number, line in numbered:
        name = f"{number:04d}"
        if path.suffix == ".txt":
            yield NamedPrompt(name, line)
            continue
        try:
            yield _prompt_of(line, name, f"{path.name}:{number}")
        except BadInput as error:
            yield UnreadablePrompt(name, error)


def _prompt_of(line: str, number: str, where: str) -> NamedPrompt:
    """The prompt in a line of JSON; keys that other tools put there are left alone."""
    try:
        value = json.loads(line)
    except MISSHAPEN as error:
        raise BadInput(where, "a JSON object", str(error)) from error
    if not isinstance(value, dict):
        raise BadInput(where, "a JSON object", type(value).__name__)
    name = value.get("id", number)
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise BadInput(f"{where}: id", "letters, digits and . _ -", repr(name))
    if "messages" in value:
        return NamedPrompt(name, messages_in(value, where))
    if not isinstance(value.get("text"), str):
        raise BadInput(where, "text or messages", f"{', '.join(value) or 'nothing'}")
    return NamedPrompt(name, value["text"])
