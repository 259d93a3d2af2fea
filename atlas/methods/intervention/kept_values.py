"""What the undisturbed pass of some prompts gave, computed once and kept."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Int
from torch import Tensor

from atlas.models.language_model import LanguageModel, Place


class KeptValues:
    """Values of the undisturbed model by place. Final."""

    def __init__(self, model: LanguageModel, ids: Int[Tensor, "batch position"]) -> None:
        self._model = model
        self._ids = ids
        self._found: dict[Place, Tensor] = {}
        self._times = 1

    def at(self, places: Sequence[Place]) -> dict[Place, Tensor]:
        """The values at these places; one forward pass for those that are not known yet."""
        missing = [place for place in dict.fromkeys(places) if place not in self._found]
        if missing:
            self._found.update(self._model.run(self._ids, read=missing).values)
        return {place: self._repeated(self._found[place]) for place in places}

    def repeated(self, times: int) -> KeptValues:
        """The same for one prompt in several rows: no further pass, and no copies."""
        again = KeptValues(self._model, self._ids)
        again._found, again._times = self._found, times
        return again

    def _repeated(self, value: Tensor) -> Tensor:
        return value if self._times == 1 else value.expand(self._times, *value.shape[1:])
