import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas.dashboards.dashboard import (
    Band,
    CounterExamples,
    Dashboard,
    Density,
    Example,
    Histogram,
    Similar,
    TokenEffect,
)
from atlas.errors import SchemaError

EXAMPLE = Example(3, ("<bos>", " a", "</script>"), (0.0, 1.5, 0.0), 1)
DASHBOARD = Dashboard(
    model="microworld",
    dictionary="transcoders",
    layer=2,
    index=117,
    density=Density(0.005, 5, 1000, 0.002, 0.012),
    maximum=2.0,
    histogram=Histogram((0.0, 1.0, 2.0), (3, 2)),
    top=(EXAMPLE,),
    bands=(Band(0.0, 0.5, 0.1, 0.9, 3, (EXAMPLE,)),),
    promoted=(TokenEffect("Austin", 1.25),),
    suppressed=(TokenEffect("¶", -0.5),),
    similar=(Similar(3, 4, 0.5),),
    counter=CounterExamples(
        {"latent": "state", "in": ["Texas"]}, 0.4, 1, 2, (EXAMPLE,), (EXAMPLE, EXAMPLE)
    ),
)


@pytest.mark.parametrize(
    "dashboard",
    [
        DASHBOARD,
        replace(DASHBOARD, counter=None),
        replace(DASHBOARD, density=Density(0.005, None, None, None, None)),
    ],
)
def test_writing_then_reading_is_the_identity(dashboard):
    assert Dashboard.from_json(json.loads(json.dumps(dashboard.to_json()))) == dashboard


def broken(**changes):
    return {**DASHBOARD.to_json(), **changes}


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        broken(schema_version=2),
        broken(layer="2"),
        broken(layer=True),
        broken(top={}),
        broken(density={"active": 1}),
        broken(maximum="high"),
        broken(unknown=1),
        broken(promoted=[{"token": "a", "logit": None}]),
    ],
)
def test_anything_else_is_refused(data):
    with pytest.raises(SchemaError):
        Dashboard.from_json(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(DASHBOARD.to_json())), JSON)
def test_a_field_of_any_other_shape_is_refused_or_read_as_it_stands(name, value):
    data = broken(**{name: value})
    try:
        read = Dashboard.from_json(data)
    except SchemaError:
        return
    assert read.to_json()[name] == value
