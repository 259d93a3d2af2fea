"""Nested brackets and nested quotes: after a verb, the innermost one that is open must close."""

from __future__ import annotations

from random import Random

from microworld.document import Behaviour, Document, Split, Writer
from microworld.lexicon.names import FIRST_NAMES
from microworld.lexicon.nouns import ACTIONS, PLURAL

BRACKETS = {"(": ")", "[": "]", "{": "}"}
QUOTES = {"“": "”", "‘": "’", "«": "»"}
LEAVES_UP_TO = 2  # levels that may hold a second group beside the nested one
KIND_NAMES = {"(": "round", "[": "square", "{": "curly", "“": "double", "‘": "single", "«": "angle"}
NESTING = 5  # levels of the deepest groups in training; one more is held out
# What is asked about in training lies at most four deep; the filler of nested_groups.py goes on.
DEPTHS: dict[Split, tuple[int, ...]] = {"train": (1, 2, 3, 4), "test": (NESTING + 1,)}


def draw_brackets(random: Random, split: Split) -> Document:
    """Draw `( cats [ dogs bark ] sleep )`: in training up to four deep, in the test six."""
    depth = random.choice(DEPTHS[split])
    writer = Writer("bracket-closing")
    asked = random.randrange(depth)
    inner: dict[str, str] = {}
    _nest(writer, random, depth, [], (asked, inner))
    writer.say(".")
    entities = {"depth": str(depth), "open_at_answer": str(asked + 1), **inner}
    return writer.finish(split, f"depth-{depth}", f"bracket:depth-{depth}", entities)


def _nest(
    writer: Writer, random: Random, depth: int, stack: list[str], asked: tuple[int, dict[str, str]]
) -> None:
    """Write one bracketed group with `depth - 1` more inside; closers to predict are emphasised."""
    kind = random.choice(list(BRACKETS))
    level = len(stack)
    _hold(writer, [*stack, kind])
    writer.say(f"{kind} {random.choice(PLURAL)}")
    # Groups beside the nested one stretch the distance to the opener without nesting deeper.
    if depth > 1 and random.random() < 0.3:
        _leaf(writer, random, [*stack, kind])
    if depth > 1 and level < LEAVES_UP_TO and random.random() < 0.3:
        _leaf(writer, random, [*stack, kind])
    if depth > 1:
        _nest(writer, random, depth - 1, [*stack, kind], asked)
    writer.say(random.choice(ACTIONS))
    foil = random.choice([closer for opener, closer in BRACKETS.items() if opener != kind])
    writer.mark("answer_closer", KIND_NAMES[kind])
    if level == asked[0]:
        asked[1]["kind"] = KIND_NAMES[kind]
        writer.ask("closer", BRACKETS[kind], foil)
    else:
        writer.expect("closer", BRACKETS[kind])
    _hold(writer, stack, already_said=1)


def _leaf(writer: Writer, random: Random, stack: list[str]) -> None:
    kind = random.choice(list(BRACKETS))
    _hold(writer, [*stack, kind])
    writer.say(f"{kind} {random.choice(PLURAL)} {random.choice(ACTIONS)}")
    writer.mark("answer_closer", KIND_NAMES[kind])
    writer.expect("closer", BRACKETS[kind])
    _hold(writer, stack, already_said=1)


def _hold(writer: Writer, stack: list[str], already_said: int = 0) -> None:
    """Set the two latents to the stack; `already_said` tokens back the new values start."""
    held = writer.tokens[len(writer.tokens) - already_said :]
    del writer.tokens[len(writer.tokens) - already_said :]
    writer.begin("open_brackets", str(len(stack)))
    if stack:
        writer.begin("open_kind", KIND_NAMES[stack[-1]])
    else:
        writer.end("open_kind")
    writer.tokens.extend(held)


def draw_quotes(random: Random, split: Split) -> Document:
    """Draw `Mary said : “ Tom said : ‘ dogs bark ’ ” .`: in training four deep, in the test six."""
    depth = random.choice(DEPTHS[split])
    writer = Writer("quote-closing", "en")
    asked = random.randrange(depth)
    # Quotes beside the nested one: more openers and closers to count, no deeper nesting.
    beside = random.choice((0, 0, 1, 2)) if split == "train" and depth > 1 else 0
    kinds: list[str] = []
    while len(kinds) < depth:
        kinds.append(_open_quote(writer, random, kinds))
        if len(kinds) < depth and beside and random.random() < 0.5:
            beside -= 1
            opener = _open_quote(writer, random, kinds)
            writer.say(f"the {random.choice(PLURAL)} {random.choice(ACTIONS)}")
            writer.mark("answer_closer", KIND_NAMES[opener])
            writer.expect("closer", QUOTES[opener])
            _close_quote(writer, kinds)
            writer.say("and")
    writer.say(f"the {random.choice(PLURAL)}")
    for _ in range(random.choice((0, 0, 1, 2, 3) if depth < 3 else (0, 0, 1))):
        writer.say(f"and the {random.choice(PLURAL)}")
    for level in reversed(range(depth)):
        kind = kinds.pop()
        writer.say(f"{'' if level == depth - 1 else 'and '}{random.choice(ACTIONS)}")
        foil = random.choice([closer for opener, closer in QUOTES.items() if opener != kind])
        writer.mark("answer_closer", KIND_NAMES[kind])
        if level == asked:
            asked_kind = KIND_NAMES[kind]
            writer.ask("closer", QUOTES[kind], foil)
        else:
            writer.expect("closer", QUOTES[kind])
        _close_quote(writer, kinds)
    writer.say(".")
    entities = {"depth": str(depth), "kind": asked_kind, "open_at_answer": str(asked + 1)}
    return writer.finish(split, f"depth-{depth}", f"quote:depth-{depth}", entities)


def _open_quote(writer: Writer, random: Random, stack: list[str]) -> str:
    kind = random.choice(list(QUOTES))
    writer.say(f"{random.choice(FIRST_NAMES)} said :")
    _quote_latents(writer, [*stack, kind])
    writer.say(kind)
    return kind


def _close_quote(writer: Writer, stack: list[str]) -> None:
    """Let the latents of what is still open hold from the closer just said."""
    closer = writer.tokens.pop()
    _quote_latents(writer, stack)
    writer.tokens.append(closer)


def _quote_latents(writer: Writer, stack: list[str]) -> None:
    if stack:
        writer.begin("open_quote", KIND_NAMES[stack[-1]])
        writer.begin("quote_depth", str(len(stack)))
    else:
        writer.end("open_quote")
        writer.end("quote_depth")


BRACKET = Behaviour(
    "bracket-closing",
    draw_brackets,
    frozenset({*BRACKETS, *BRACKETS.values(), *PLURAL, *ACTIONS, "."}),
    "deeper nesting: six of one kind (training: up to five; both kinds mixed, up to seven)",
    2.1,
)
QUOTE = Behaviour(
    "quote-closing",
    draw_quotes,
    frozenset(
        {*QUOTES, *QUOTES.values(), *PLURAL, *ACTIONS, *FIRST_NAMES, "said", ":", "the", "and", "."}
    ),
    "deeper nesting: six of one kind (training: up to five; both kinds mixed, up to seven)",
    2.1,
)
