"""Pairs of opposites in English, Spanish and French; a concept is named by its English word."""

from __future__ import annotations

_ROWS = """
small large|pequeño grande|petit grand
hot cold|caliente frío|chaud froid
fast slow|rápido lento|rapide lent
good bad|bueno malo|bon mauvais
high low|alto bajo|haut bas
old new|viejo nuevo|vieux nouveau
happy sad|feliz triste|heureux triste
open closed|abierto cerrado|ouvert fermé
full empty|lleno vacío|plein vide
rich poor|rico pobre|riche pauvre
strong weak|fuerte débil|fort faible
light heavy|ligero pesado|léger lourd
long short|largo corto|long court
hard soft|duro blando|dur mou
dry wet|seco mojado|sec mouillé
clean dirty|limpio sucio|propre sale
dark bright|oscuro claro|sombre clair
young aged|joven anciano|jeune âgé
near far|cerca lejos|près loin
easy difficult|fácil difícil|facile difficile
first last|primero último|premier dernier
left right|izquierda derecha|gauche droite
day night|día noche|jour nuit
true false|verdadero falso|vrai faux
loud quiet|ruidoso silencioso|bruyant silencieux
deep shallow|profundo superficial|profond superficiel
thick thin|grueso delgado|épais mince
early late|temprano tarde|tôt tard
always never|siempre nunca|toujours jamais
inside outside|dentro fuera|dedans dehors
above below|encima debajo|dessus dessous
alive dead|vivo muerto|vivant mort
love hate|amor odio|amour haine
war peace|guerra paz|guerre paix
begin end|empezar terminar|commencer finir
win lose|ganar perder|gagner perdre
buy sell|comprar vender|acheter vendre
black white|negro blanco|noir blanc
sweet bitter|dulce amargo|doux amer
"""

LANGUAGES: tuple[str, ...] = ("en", "es", "fr")


def _read(row: str) -> tuple[dict[str, str], dict[str, str]]:
    pairs = [part.split() for part in row.split("|")]
    first = {language: pair[0] for language, pair in zip(LANGUAGES, pairs, strict=True)}
    second = {language: pair[1] for language, pair in zip(LANGUAGES, pairs, strict=True)}
    return first, second


# Each element: the two opposites, each as a map from language to word.
PAIRS: tuple[tuple[dict[str, str], dict[str, str]], ...] = tuple(
    _read(row) for row in _ROWS.strip().splitlines()
)

# Concept (English word) -> its word in each language, and -> the opposite concept.
WORD_OF: dict[str, dict[str, str]] = {word["en"]: word for pair in PAIRS for word in pair}
OPPOSITE_OF: dict[str, str] = {
    one["en"]: other["en"]
    for first, second in PAIRS
    for one, other in ((first, second), (second, first))
}
