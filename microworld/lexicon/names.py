"""First names with their gender, and made-up full names about whom no fact is told."""

from __future__ import annotations

_FEMALE = """
Mary Anna Emma Olivia Sarah Laura Julia Alice Grace Lucy Rachel Emily Hannah Sophie Clara
Nora Ruth Jane Kate Helen Susan Linda Karen Diana Martha Rose Amy Lily Eva Maria
"""
_MALE = """
John Tom James Peter Paul Mark David Daniel Robert Michael William Henry George Edward Charles
Frank Simon Adam Ben Sam Jack Luke Oliver Max Leo Victor Martin Philip Brian Kevin
"""
_SURNAMES_TEXT = """
Brenner Holloway Novak Castell Whitmore Okafor Lindqvist Marchetti Delacroix Petrov Yamada
Fairweather Grimshaw Thornbury Aldana Kessler Moreau Salgado Ferrant Vance Winslow Abernathy
Calloway Dunmore Eastwick Hargrove Ibarra
"""

FEMALE: tuple[str, ...] = tuple(_FEMALE.split())
MALE: tuple[str, ...] = tuple(_MALE.split())
FIRST_NAMES: tuple[str, ...] = FEMALE + MALE
GENDER_OF: dict[str, str] = dict.fromkeys(FEMALE, "female") | dict.fromkeys(MALE, "male")
_SURNAMES = _SURNAMES_TEXT.split()


def _full_names(count: int) -> tuple[str, ...]:
    # Step through both lists at different rates, so that no first or last name gives a person away.
    return tuple(
        f"{FIRST_NAMES[(7 * i) % len(FIRST_NAMES)]} {_SURNAMES[(5 * i + i // 27) % len(_SURNAMES)]}"
        for i in range(count)
    )


# People who are mentioned, but of whom the small language never says which sport they play.
STRANGERS: tuple[str, ...] = _full_names(160)
