"""The quick yes agrees with jsonschema on right data and on data broken in every way."""

import copy

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atlas.entries.prompt_lines import plainly_right
from atlas.entries.schema_fit import compile_schema
from atlas.entries.schema_validation import _validator, load_schema
from tests.entries import sample_library
from tests.entries.sample_library import prompt_rows

SAMPLES = {
    "circuit": sample_library.CIRCUIT,
    "feature": sample_library.FEATURE,
    "model": sample_library.MODEL,
    "resource": sample_library.RESOURCE,
}
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(-2, 2),
    st.sampled_from(["", "x", "Two Words\n", "ends-in-line-feed\n", "a" * 400, "2-117", "last"]),
    st.just([]),
    st.just([1, 1]),
    st.just({}),
    st.just({"entity": "city"}),
)


def places(data, path=()):
    yield path
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))
        else:
            yield (*path, key)


def with_value(data, path, value):
    changed = copy.deepcopy(data)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return changed


@pytest.mark.parametrize("kind", SAMPLES)
@given(data=st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_fits_where_jsonschema_finds_nothing_wrong(kind, data):
    sample = yaml.safe_load(SAMPLES[kind])
    place = data.draw(st.sampled_from([path for path in places(sample) if path]))
    broken = with_value(sample, place, data.draw(VALUES))
    assert compile_schema(load_schema(kind))(broken) == _validator(kind).is_valid(broken)


def test_a_constant_is_its_number_however_written_and_no_truth():
    fits = compile_schema({"const": 1})
    assert [fits(value) for value in (1, 1.0, True, 2, "1")] == [True, True, False, False, False]
    assert not compile_schema({"enum": [0, "a"]})(False)


@given(key=st.sampled_from(["id", "split", "text", "target", "foil", "template", "entities", "x"]),
       value=VALUES)  # fmt: skip
def test_a_plainly_right_row_fits_its_schema(key, value):
    row = {**prompt_rows()[0], key: value}
    assert not plainly_right(row) or _validator("prompts").is_valid(row)


def test_an_ordinary_row_is_plainly_right():
    assert all(plainly_right(row) for row in prompt_rows())


def test_a_keyword_that_is_not_compiled_is_refused():
    with pytest.raises(NotImplementedError, match="oneOf"):
        compile_schema({"oneOf": []})
