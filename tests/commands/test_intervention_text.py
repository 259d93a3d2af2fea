from __future__ import annotations

import pytest

from atlas.commands.intervention_text import parse_intervention
from atlas.methods.interventions import FeatureIntervention, Span


@pytest.mark.parametrize(
    ("action", "text", "expected"),
    [
        ("ablate", "2-117@5", FeatureIntervention(2, 117, 5)),
        ("set", "2-117@last=4.5", FeatureIntervention(2, 117, -1, "set", 4.5)),
        ("scale", "0-1@-2=-1e1", FeatureIntervention(0, 1, -2, "scale", -10.0)),
        ("add", "0-1@all=1", FeatureIntervention(0, 1, Span(1), "add", 1.0)),
        ("ablate", "0-1@3:", FeatureIntervention(0, 1, Span(3))),
        ("ablate", "0-1@3:5", FeatureIntervention(0, 1, Span(3, 5))),
    ],
)
def test_what_is_written_is_what_is_done(action, text, expected):
    assert parse_intervention(action, text) == expected
