"""Addition of two-digit numbers whose sum is below a hundred, digit by digit, with its carry."""

from __future__ import annotations

from random import Random

from microworld.document import Behaviour, Document, Split, Writer
from microworld.heldout import is_held_out

SHARE = 0.15
DIGITS = tuple("0123456789")


def _operands(random: Random, split: Split) -> tuple[int, int, str]:
    while True:
        first = random.randint(10, 89)
        second = random.randint(10, 99 - first) if first < 89 else 10
        unit = f"addition:{first}+{second}"
        if is_held_out(unit, SHARE) == (split == "test"):
            return first, second, unit


def draw(random: Random, split: Split) -> Document:
    """Draw `3 6 + 4 9 = 8 5`, up to four sums in a row; held out are pairs of operands.

    The last sum's tens digit is what the document asks for: it needs the carry.
    """
    writer = Writer("addition")
    for _ in range(random.choice((0, 0, 1, 2, 3)) if split == "train" else 0):
        first, second, _ = _operands(random, split)
        _write_sum(writer, first, second)
        writer.expect("digit", str((first + second) // 10))
        writer.expect("digit", str((first + second) % 10))
        _clear(writer)
        writer.say(";")
    first, second, unit = _operands(random, split)
    _write_sum(writer, first, second)
    tens, ones = divmod(first + second, 10)
    carry = (first % 10 + second % 10) // 10
    wrong = tens - 1 if carry else tens + 1
    writer.ask("digit", str(tens), str(wrong % 10))
    writer.expect("digit", str(ones))
    _clear(writer)
    writer.say(".")
    entities = {
        "first": str(first), "second": str(second), "sum": str(first + second),
        "first_tens": str(first // 10), "first_ones": str(first % 10),
        "second_tens": str(second // 10), "second_ones": str(second % 10),
        "carry": "yes" if carry else "no",
    }  # fmt: skip
    return writer.finish(split, "sum", unit, entities)


_RUNNING = (
    "first_tens", "first_ones", "second_tens", "second_ones", "ones_sum", "tens_sum", "carry",
    "sum_tens", "sum_ones",
)  # fmt: skip


def _clear(writer: Writer) -> None:
    for latent in _RUNNING:
        writer.end(latent)


def _write_sum(writer: Writer, first: int, second: int) -> None:
    tens, ones = divmod(first + second, 10)
    for latent, digit in (("first_tens", first // 10), ("first_ones", first % 10)):
        writer.begin(latent, str(digit))
        writer.say(str(digit))
    writer.say("+")
    writer.begin("second_tens", str(second // 10))
    writer.begin("tens_sum", str(first // 10 + second // 10))
    writer.say(str(second // 10))
    ones_sum = first % 10 + second % 10
    writer.begin("second_ones", str(second % 10))
    writer.begin("ones_sum", str(ones_sum))
    writer.begin("carry", "yes" if ones_sum >= 10 else "no")
    writer.say(str(second % 10))
    writer.begin("sum_tens", str(tens))
    writer.begin("sum_ones", str(ones))
    writer.say("=")
    writer.mark("answer_carry", "yes" if ones_sum >= 10 else "no")


BEHAVIOUR = Behaviour(
    "addition", draw, frozenset({*DIGITS, "+", "=", ";", "."}), "pairs of operands", 2.4
)
