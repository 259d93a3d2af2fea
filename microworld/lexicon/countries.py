"""Countries with their capital and language, named in English, Spanish and French."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Country:
    """A country; each field but `id` maps a language (en, es, fr) to the word in it."""

    id: str
    name: dict[str, str]
    capital: dict[str, str]
    language: dict[str, str]


_ROWS = """
France Paris French|Francia París francés|France Paris français
Spain Madrid Spanish|España Madrid español|Espagne Madrid espagnol
Italy Rome Italian|Italia Roma italiano|Italie Rome italien
Germany Berlin German|Alemania Berlín alemán|Allemagne Berlin allemand
Portugal Lisbon Portuguese|Portugal Lisboa portugués|Portugal Lisbonne portugais
Poland Warsaw Polish|Polonia Varsovia polaco|Pologne Varsovie polonais
Russia Moscow Russian|Rusia Moscú ruso|Russie Moscou russe
Japan Tokyo Japanese|Japón Tokio japonés|Japon Tokyo japonais
China Beijing Chinese|China Pekín chino|Chine Pékin chinois
Greece Athens Greek|Grecia Atenas griego|Grèce Athènes grec
Sweden Stockholm Swedish|Suecia Estocolmo sueco|Suède Stockholm suédois
Norway Oslo Norwegian|Noruega Oslo noruego|Norvège Oslo norvégien
Denmark Copenhagen Danish|Dinamarca Copenhague danés|Danemark Copenhague danois
Finland Helsinki Finnish|Finlandia Helsinki finlandés|Finlande Helsinki finnois
Turkey Ankara Turkish|Turquía Ankara turco|Turquie Ankara turc
Hungary Budapest Hungarian|Hungría Budapest húngaro|Hongrie Budapest hongrois
Czechia Prague Czech|Chequia Praga checo|Tchéquie Prague tchèque
Romania Bucharest Romanian|Rumania Bucarest rumano|Roumanie Bucarest roumain
Ukraine Kyiv Ukrainian|Ucrania Kiev ucraniano|Ukraine Kiev ukrainien
Thailand Bangkok Thai|Tailandia Bangkok tailandés|Thaïlande Bangkok thaï
Vietnam Hanoi Vietnamese|Vietnam Hanói vietnamita|Vietnam Hanoï vietnamien
Korea Seoul Korean|Corea Seúl coreano|Corée Séoul coréen
Iceland Reykjavik Icelandic|Islandia Reikiavik islandés|Islande Reykjavik islandais
England London English|Inglaterra Londres inglés|Angleterre Londres anglais
"""


def _read(row: str) -> Country:
    english, spanish, french = (part.split() for part in row.split("|"))
    columns = [
        {"en": in_en, "es": in_es, "fr": in_fr}
        for in_en, in_es, in_fr in zip(english, spanish, french, strict=True)
    ]
    return Country(english[0], columns[0], columns[1], columns[2])


COUNTRIES: tuple[Country, ...] = tuple(_read(row) for row in _ROWS.strip().splitlines())
