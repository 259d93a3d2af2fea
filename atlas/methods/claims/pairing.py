"""Which row lends its values to which: partners for swaps, third rows for their control.

Choices are drawn from a seed and the rows' own ids, so that they depend neither on the order of
the file nor on rows that were added elsewhere with other values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from atlas.entries.circuit import PartnerRule
from atlas.entries.prompts import PromptRow


def draw_number(seed: int, *words: str) -> int:
    """A number that depends only on the seed and the words, on every machine and every run."""
    text = "\x1f".join((str(seed), *words))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def property_of(row: PromptRow, name: str) -> str:
    """A row's template, target or foil, else its entity of that name; "" where it has none."""
    if name in ("template", "target", "foil"):
        return str(getattr(row, name))
    return row.entities.get(name, "")


class _Profile(NamedTuple):
    """What a rule looks at in one row."""

    group: tuple[str, ...]  # split and the properties that stay the same
    target: str
    values: tuple[str, ...]  # the properties that differ


def _profiles(rule: PartnerRule, rows: Sequence[PromptRow]) -> list[_Profile]:
    return [
        _Profile(
            (row.split, *(property_of(row, name) for name in rule.same)),
            row.target,
            tuple(property_of(row, name) for name in rule.differs_in),
        )
        for row in rows
    ]


def _may_lend(row: _Profile, other: _Profile) -> bool:
    """Whether the other row can be the row's partner.

    Same split, every property of `same` equal, another answer, every property of `differs_in`
    present and different.
    """
    if other.group != row.group or other.target == row.target or "" in other.values:
        return False
    return all(mine != theirs for mine, theirs in zip(row.values, other.values, strict=True))


def partners(rule: PartnerRule, rows: Sequence[PromptRow], seed: int) -> list[int | None]:
    """For each row, the index of its partner; None where no row fits."""
    profiles = _profiles(rule, rows)
    chosen: list[int | None] = []
    for row, profile in zip(rows, profiles, strict=True):
        fitting = [number for number, other in enumerate(profiles) if _may_lend(profile, other)]
        chosen.append(next(iter(_ranked(rows, fitting, seed, ("partner", row.id))), None))
    return chosen


def third_rows(
    rule: PartnerRule,
    rows: Sequence[PromptRow],
    partner_of: Sequence[int | None],
    draws: int,
    seed: int,
) -> list[tuple[int, ...]]:
    """For each row, up to `draws` rows whose values must not bring the partner's answer.

    They could be partners both of the row and of its partner, so their values differ from both.
    Where there are only two values (harmful or not, known or not) no such row exists, and other
    rows of the row's own value stand in. Empty where the row has no partner or no such row either.
    """
    profiles = _profiles(rule, rows)
    chosen: list[tuple[int, ...]] = []
    for number, partner in enumerate(partner_of):
        if partner is None:
            chosen.append(())
            continue
        mine, theirs = profiles[number], profiles[partner]
        fitting = [
            other
            for other, profile in enumerate(profiles)
            if _may_lend(mine, profile) and _may_lend(theirs, profile)
        ]
        if not fitting:
            fitting = [
                other
                for other, profile in enumerate(profiles)
                if other != number and profile.group == mine.group
                and profile.values == mine.values and profile.target != theirs.target
            ]  # fmt: skip
        purpose = ("third", rows[number].id)
        chosen.append(tuple(_ranked(rows, fitting, seed, purpose)[:draws]))
    return chosen


def _ranked(
    rows: Sequence[PromptRow], fitting: list[int], seed: int, purpose: tuple[str, str]
) -> list[int]:
    """The fitting rows in an order that depends on seed, purpose and ids only."""
    return sorted(fitting, key=lambda number: draw_number(seed, *purpose, rows[number].id))
